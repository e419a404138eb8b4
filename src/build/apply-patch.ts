/**
 * A patch on a source, with fuzz 0: every reason against it, or the files as they are after it.
 *
 * @module
 */
import { type FilePatch, parsePatch, splitLines } from './parse-patch.ts'
import type { PatchRefusal } from './patch-refusal.ts'
import { scopeOf } from './patch-scope.ts'
import type { AppliedPatch, PatchedFile, PlacedHunk } from './patched-file.ts'
import { changesIn, placeHunks, reverseHunk, type TracedLine } from './place-hunks.ts'

export type AppliedOrRefused =
  | { readonly kind: 'applied'; readonly applied: AppliedPatch }
  | { readonly kind: 'refused'; readonly refusals: readonly PatchRefusal[] }

/** The Latin-1 text of a file of the source, by its path from the top; undefined if it has none. */
export type ReadSourceFile = (path: string) => string | undefined

/** A file while hunks are put into it. */
interface FileDraft {
  readonly before: string | undefined
  readonly lines: readonly TracedLine[]
  /** False where the patch takes the file away. */
  readonly exists: boolean
  readonly placed: readonly PlacedHunk[]
}

/**
 * Applies a patch to the files that `read` gives. Nothing is written.
 *
 * A file may be changed several times, as in a series of patches in one file.
 */
export function applyPatch(patch: string, read: ReadSourceFile): AppliedOrRefused {
  const parsed = parsePatch(patch)
  if (parsed.kind === 'refused') return { kind: 'refused', refusals: [parsed.refusal] }
  const strip = stripLevel(parsed.files, read)
  const named = parsed.files.map((file) => ({ ...pathsOf(file, strip), hunks: file.hunks }))
  const outside = named.flatMap(({ path, from }) => [path, from]).filter(isOutside)
  if (outside.length > 0) {
    return {
      kind: 'refused',
      refusals: unique(outside).map((path) => ({ kind: 'path-outside', path })),
    }
  }
  const scope = refuseScope(unique(named.map(({ path }) => path)))
  if (scope !== undefined) return { kind: 'refused', refusals: [scope] }

  const drafts = new Map<string, FileDraft>()
  const refusals: PatchRefusal[] = []
  for (const file of named) {
    const draft = drafts.get(file.path) ?? openDraft(read(file.path))
    const outcome = patchDraft(file, draft)
    refusals.push(...outcome.refusals)
    drafts.set(file.path, outcome.draft)
  }
  if (refusals.length > 0) return { kind: 'refused', refusals }
  const files = [...drafts].map(([path, draft]) => finish(path, draft))
  return {
    kind: 'applied',
    applied: {
      files: files.filter(({ path }) => scopeOf(path) === 'hypervisor'),
      ignored: files.filter(({ path }) => scopeOf(path) !== 'hypervisor').map(({ path }) => path),
    },
  }
}

interface NamedFilePatch {
  /** What is changed, from the top of the source. */
  readonly path: string
  /** The other name in the patch, if it has one. */
  readonly from: string
  readonly creates: boolean
  readonly deletes: boolean
  readonly hunks: FilePatch['hunks']
}

function pathsOf(file: FilePatch, strip: number): Omit<NamedFilePatch, 'hunks'> {
  const from = stripPath(file.oldPath ?? file.newPath ?? '', strip)
  const to = stripPath(file.newPath ?? file.oldPath ?? '', strip)
  const creates = file.oldPath === undefined
  const deletes = file.newPath === undefined
  return { path: to, from, creates, deletes }
}

/** How many leading folders to take off: one, as in `a/xen/…`, unless the files are there as named. */
function stripLevel(files: readonly FilePatch[], read: ReadSourceFile): number {
  const names = files.flatMap(({ oldPath, newPath }) => newPath ?? oldPath ?? [])
  const hits = (strip: number): number =>
    names.filter((name) => !isOutside(name) && read(stripPath(name, strip)) !== undefined).length
  return hits(0) > hits(1) ? 0 : 1
}

function stripPath(name: string, strip: number): string {
  const parts = name.split('/')
  return strip > 0 && parts.length > 1 && parts[0] !== '' ? parts.slice(strip).join('/') : name
}

function isOutside(path: string): boolean {
  return (
    path.startsWith('/') || path === '' || path.split('/').includes('..') || /[\0\n]/.test(path)
  )
}

function refuseScope(paths: readonly string[]): PatchRefusal | undefined {
  const within = (scope: string): string[] => paths.filter((path) => scopeOf(path) === scope)
  const build = within('build')
  if (build.length > 0) return { kind: 'changes-the-build', paths: build }
  if (within('hypervisor').length === 0) return { kind: 'touches-no-hypervisor', paths }
  const tools = within('tool')
  return tools.length > 0 ? { kind: 'needs-rebuilt-tool', paths: tools } : undefined
}

function openDraft(text: string | undefined): FileDraft {
  const lines = splitLines(text ?? '')
  return {
    before: text,
    lines: lines.map((line, index) => ({ text: line, oldLine: index + 1 })),
    exists: text !== undefined,
    placed: [],
  }
}

interface DraftOutcome {
  readonly draft: FileDraft
  readonly refusals: readonly PatchRefusal[]
}

function patchDraft(file: NamedFilePatch, draft: FileDraft): DraftOutcome {
  const { path, hunks } = file
  if (file.creates ? draft.exists : !draft.exists) {
    const applied = file.creates && isReverse(file, draft)
    const refusal: PatchRefusal = file.creates
      ? applied
        ? { kind: 'already-applied', path, hunks: hunks.length }
        : { kind: 'file-exists', path }
      : { kind: 'file-missing', path }
    // What other architectures have is not in every source, and has no effect here.
    return { draft, refusals: scopeOf(path) === 'elsewhere' ? [] : [refusal] }
  }
  const { lines, placed, failed } = placeHunks(draft.lines, hunks)
  if (failed.length === 0) {
    return {
      draft: { ...draft, lines, exists: !file.deletes, placed: [...draft.placed, ...placed] },
      refusals: [],
    }
  }
  if (isReverse(file, draft)) {
    return { draft, refusals: [{ kind: 'already-applied', path, hunks: hunks.length }] }
  }
  return {
    draft,
    refusals: failed.map(({ number: hunk, wantedLine: line, wanted, found, fuzz }) =>
      fuzz === undefined
        ? { kind: 'does-not-apply', path, hunk, line, wanted, found }
        : { kind: 'applies-only-with-fuzz', path, hunk, line, fuzz },
    ),
  }
}

function isReverse(file: NamedFilePatch, draft: FileDraft): boolean {
  return placeHunks(draft.lines, file.hunks.map(reverseHunk)).failed.length === 0
}

function finish(path: string, draft: FileDraft): PatchedFile {
  const before = draft.before
  return {
    path,
    before,
    after: draft.exists ? draft.lines.map((line) => line.text).join('') : undefined,
    hunks: draft.placed,
    changes: changesIn(draft.lines, splitLines(before ?? '').length),
  }
}

function unique(paths: readonly string[]): readonly string[] {
  return [...new Set(paths)]
}
