/**
 * Which file of the source each diff of a patch is about.
 *
 * Patches name files from the top of the source, with one leading folder (`a/xen/…`) or none, and
 * two files of one series may be named in two ways.
 *
 * @module
 */
import type { FilePatch } from './parse-patch.ts'
import type { PatchRefusal } from './patch-refusal.ts'
import { scopeOf } from './patch-scope.ts'

/** A diff with the file that it is about. */
export interface PatchTarget {
  /** From the top of the source. */
  readonly path: string
  readonly creates: boolean
  readonly deletes: boolean
  readonly hunks: FilePatch['hunks']
}

export type TargetsOrRefused =
  | { readonly kind: 'found'; readonly targets: readonly PatchTarget[] }
  | { readonly kind: 'refused'; readonly refusals: readonly PatchRefusal[] }

/** Finds them in order: what one diff creates, the next may change. */
export function findTargets(
  files: readonly FilePatch[],
  isInSource: (path: string) => boolean,
): TargetsOrRefused {
  const made = new Map<string, boolean>()
  const exists = (path: string): boolean => made.get(path) ?? isInSource(path)
  const targets: PatchTarget[] = []
  const refusals: PatchRefusal[] = []
  for (const file of files) {
    const found = findTarget(file, exists)
    if ('kind' in found) {
      refusals.push(found)
      continue
    }
    if (found.creates || found.deletes) made.set(found.path, found.creates)
    targets.push(found)
  }
  return refusals.length === 0 ? { kind: 'found', targets } : { kind: 'refused', refusals }
}

function findTarget(
  file: FilePatch,
  exists: (path: string) => boolean,
): PatchTarget | PatchRefusal {
  const { oldPath, newPath, hunks, line } = file
  const names = [newPath, oldPath].filter((name) => name !== undefined)
  const outside = names.find(isOutside)
  if (outside !== undefined) return { kind: 'path-outside', path: outside }
  const readings = names.map((name) => read(name, exists))
  const there = [...new Set(readings.filter(exists))]
  const [path = readings[0] ?? '', another] = there
  if (another !== undefined) {
    const problem = `it makes ${path} out of ${another}`
    return { kind: 'patch-not-supported', line, problem }
  }
  // GNU diff -N names a file that is not there like one that is, and says that it has no lines.
  const isFromNothing = hunks.every((hunk) => hunk.oldStart === 0) && !exists(path)
  const creates = oldPath === undefined || isFromNothing
  if (scopeOf(path) === 'unknown' && !exists(path)) return { kind: 'path-unknown', path }
  return { path, creates, deletes: newPath === undefined, hunks }
}

/** The file that a name means: one that is there, else one that Xen's source has room for. */
function read(name: string, exists: (path: string) => boolean): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  const readings = [parts, parts.slice(1)].map((each) => each.join('/'))
  const likely =
    readings.find(exists) ?? readings.find((path) => path !== '' && scopeOf(path) !== 'unknown')
  return likely ?? parts.join('/')
}

function isOutside(name: string): boolean {
  return (
    name.startsWith('/') || name === '' || name.split('/').includes('..') || /[\0\n]/.test(name)
  )
}
