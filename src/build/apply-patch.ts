/**
 * A patch on a source, with fuzz 0: every reason against it, or the files as they are after it.
 *
 * @module
 */
import { parsePatch, splitLines } from './parse-patch.ts'
import type { PatchRefusal } from './patch-refusal.ts'
import { scopeOf } from './patch-scope.ts'
import { findTargets, type PatchTarget } from './patch-target.ts'
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
  const found = findTargets(parsed.files, (path) => read(path) !== undefined)
  if (found.kind === 'refused') return found
  const { targets } = found
  const scope = refuseScope(unique(targets.map(({ path }) => path)))
  if (scope !== undefined) return { kind: 'refused', refusals: [scope] }

  const drafts = new Map<string, FileDraft>()
  const refusals: PatchRefusal[] = []
  for (const file of targets) {
    const draft = drafts.get(file.path) ?? openDraft(read(file.path))
    const outcome = patchDraft(file, draft)
    refusals.push(...outcome.refusals)
    drafts.set(file.path, outcome.draft)
  }
  if (refusals.length > 0) return { kind: 'refused', refusals: tellParts(refusals, drafts) }
  const files = [...drafts].map(([path, draft]) => finish(path, draft))
  return {
    kind: 'applied',
    applied: {
      files: files.filter(({ path }) => scopeOf(path) === 'hypervisor'),
      ignored: files.filter(({ path }) => scopeOf(path) !== 'hypervisor').map(({ path }) => path),
    },
  }
}

/** A source that has a part of a fix has not got the fix: what is there already is told so. */
function tellParts(
  refusals: readonly PatchRefusal[],
  drafts: ReadonlyMap<string, FileDraft>,
): readonly PatchRefusal[] {
  const others = [...drafts]
    .filter(([path, draft]) => draft.placed.length > 0 && scopeOf(path) === 'hypervisor')
    .map(([path]) => path)
  if (others.length === 0) return refusals
  return refusals.map((refusal) =>
    refusal.kind === 'already-applied'
      ? { kind: 'partly-applied', path: refusal.path, others }
      : refusal,
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

function patchDraft(file: PatchTarget, draft: FileDraft): DraftOutcome {
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
    const after = { ...draft, lines, placed: [...draft.placed, ...placed] }
    if (!file.deletes) return { draft: { ...after, exists: true }, refusals: [] }
    const [left] = lines
    const found = left?.text.replace(/\n$/, '')
    const rest = { path, hunk: hunks.length, line: left?.oldLine ?? 1, wanted: undefined, found }
    return {
      draft: { ...after, exists: false },
      refusals: left === undefined ? [] : [{ kind: 'does-not-apply', ...rest }],
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

function isReverse(file: PatchTarget, draft: FileDraft): boolean {
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
