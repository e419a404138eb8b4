import { globSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import type { BuildId } from '../image/build-id.ts'
import type { Image } from '../image/image.ts'
import { describeImageRefusal, type ImageRefusal } from '../image/image-refusal.ts'
import { readImage } from '../image/read-image.ts'

export type SymbolsOutcome =
  | { readonly kind: 'found'; readonly image: Image; readonly file: string }
  | { readonly kind: 'missing'; readonly buildId: BuildId; readonly searched: readonly string[] }
  | { readonly kind: 'unreadable'; readonly file: string; readonly reason: string }
  | {
      readonly kind: 'other-build'
      readonly file: string
      readonly found: BuildId
      readonly wanted: BuildId
    }
  | { readonly kind: 'refused'; readonly file: string; readonly refusal: ImageRefusal }

/** Where xen-syms files are looked for, best first. `{id}` stands for the build-id. */
export function symbolPatterns(kitFolder: string): readonly string[] {
  return [
    path.join(kitFolder, 'symbols/{id}/xen-syms'),
    '/usr/lib/reweave/symbols/{id}/xen-syms',
    '/usr/lib/debug/boot/xen-syms-*',
    '/boot/xen-syms-*',
  ]
}

/**
 * The image of the build that runs, from a symbol file.
 *
 * A file that was named must be of that build; among files that were not, those of other builds
 * are passed over.
 */
export function findSymbols(options: {
  readonly buildId: BuildId
  readonly named: string | undefined
  readonly patterns: readonly string[]
}): SymbolsOutcome {
  const { buildId, named, patterns } = options
  if (named !== undefined) return readSymbols(named, buildId)
  for (const pattern of patterns) {
    for (const file of globSync(pattern.replace('{id}', buildId)).sort()) {
      if (!statSync(file).isFile() || file.endsWith('.map')) continue
      const outcome = readSymbols(file, buildId)
      if (outcome.kind === 'found') return outcome
    }
  }
  return { kind: 'missing', buildId, searched: patterns }
}

export function describeSymbols(outcome: Exclude<SymbolsOutcome, { kind: 'found' }>): string {
  switch (outcome.kind) {
    case 'missing':
      return (
        `No symbols of build ${outcome.buildId}: install the hypervisor's debug package ` +
        `(xen-hypervisor-…-dbg) or name its xen-syms with --symbols; looked at ` +
        outcome.searched.join(', ')
      )
    case 'unreadable':
      return `Cannot read ${outcome.file}: ${outcome.reason}`
    case 'other-build':
      return (
        `${outcome.file} holds the symbols of build ${outcome.found}, wanted ${outcome.wanted}; ` +
        'nothing was written'
      )
    case 'refused':
      return `${outcome.file} holds no symbols of a hypervisor: ${describeImageRefusal(outcome.refusal)}`
  }
}

function readSymbols(file: string, wanted: BuildId): SymbolsOutcome {
  let bytes: Uint8Array
  try {
    bytes = readFileSync(file)
  } catch (error) {
    return { kind: 'unreadable', file, reason: error instanceof Error ? error.message : 'unknown' }
  }
  const read = readImage(bytes)
  if (read.kind === 'refused') return { kind: 'refused', file, refusal: read.refusal }
  const { image } = read
  if (image.buildId !== wanted) return { kind: 'other-build', file, found: image.buildId, wanted }
  return { kind: 'found', image, file }
}
