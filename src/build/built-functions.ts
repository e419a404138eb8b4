import { ownerOfColdPart } from '../diff/normal-name.ts'
import type { Patch } from '../diff/patch.ts'
import type { BuildReport, BuiltFunction } from './build-report.ts'

/** The object that a piece comes from. */
export function objectOf(patch: Patch, piece: string): string | undefined {
  return patch.pieces.find(({ id }) => id === piece)?.object
}

/**
 * The functions that a patch replaces and adds, for the report. The rarely executed part of one is
 * no function of its own.
 */
export function functionsOf(patch: Patch): BuildReport['functions'] {
  const replacing = new Set(patch.replacements.map(({ piece }) => piece))
  const changed = patch.replacements.map(
    ({ symbol, piece, oldByteLength, newByteLength }): BuiltFunction => ({
      ...symbol,
      object: objectOf(patch, piece) ?? '',
      oldBytes: oldByteLength,
      newBytes: newByteLength,
    }),
  )
  const added = patch.symbols
    .filter(({ kind, piece }) => kind === 'function' && !replacing.has(piece))
    .filter(({ name }) => ownerOfColdPart(name) === undefined)
    .map(({ name, file, piece, byteLength }): BuiltFunction => ({
      name,
      file,
      object: objectOf(patch, piece) ?? '',
      oldBytes: undefined,
      newBytes: byteLength,
    }))
  return { changed, added }
}
