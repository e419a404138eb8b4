/**
 * Unified diffs, as `diff -u` and git write them.
 *
 * Format: the GNU diffutils manual, "Detailed Description of Unified Format"; git-diff(1),
 * "Generating patch text with -p". Text is Latin-1, so that every byte stays what it is.
 *
 * @module
 */
import type { PatchRefusal } from './patch-refusal.ts'

/** One line of a hunk, with its newline unless the file ends without one. */
export interface HunkLine {
  readonly kind: 'context' | 'removed' | 'added'
  readonly text: string
}

export interface Hunk {
  /** The first old line, from 1; for a hunk without old lines, the line behind which it goes. */
  readonly oldStart: number
  readonly lines: readonly HunkLine[]
}

/** What the patch does to one file. `/dev/null` is undefined. */
export interface FilePatch {
  /** Of the patch, from 1: the one that begins with `---`. */
  readonly line: number
  readonly oldPath: string | undefined
  readonly newPath: string | undefined
  readonly hunks: readonly Hunk[]
}

export type ParsedPatch =
  | { readonly kind: 'parsed'; readonly files: readonly FilePatch[] }
  | { readonly kind: 'refused'; readonly refusal: PatchRefusal }

const HUNK_HEADER = /^@@ -(\d{1,9})(?:,(\d{1,9}))? \+\d{1,9}(?:,(\d{1,9}))? @@/
const NOT_SUPPORTED: readonly (readonly [RegExp, string])[] = [
  [/^GIT binary patch/, 'it changes a binary file'],
  [/^Binary files .* differ/, 'it changes a binary file'],
]
const GIT_HEADER = /^diff --git /
/** What git puts between its header and the diff; in a message these are plain words. */
const GIT_EXTENDED =
  /^(?:old mode|new mode|new file mode|deleted file mode|similarity|dissimilarity|rename|copy|index) /
const GIT_RENAME = /^(?:rename|copy) from /
const GIT_MODE = /^(?:new mode|new file mode|deleted file mode) /
/** The object name of an empty file, which has no hunk to be created or deleted by. */
const GIT_EMPTY_FILE = /^index .*\be69de29/

/** Reads a patch. Never throws; what stands around the diffs, such as a mail, is passed over. */
export function parsePatch(text: string): ParsedPatch {
  const lines = splitLines(text.includes('\r\n') ? text.replaceAll('\r\n', '\n') : text)
  const files: FilePatch[] = []
  let at = 0
  while (at < lines.length) {
    const line = lines[at] ?? ''
    for (const [pattern, problem] of NOT_SUPPORTED) {
      if (pattern.test(line)) return refuse('patch-not-supported', at, problem)
    }
    if (GIT_HEADER.test(line)) {
      const header = readGitHeader(lines, at)
      if (header.kind === 'refused') return header
      at = header.next
      continue
    }
    if (!beginsDiff(lines, at)) {
      if (HUNK_HEADER.test(line)) return refuse('patch-malformed', at, 'a hunk names no file')
      if (line.startsWith('--- ') && at === lines.length - 1) return refuseCut(at)
      at += 1
      continue
    }
    const names = { line: at + 1, oldPath: pathIn(line), newPath: pathIn(lines[at + 1] ?? '') }
    at += 2
    const hunks: Hunk[] = []
    while ((lines[at] ?? '').startsWith('@@ ')) {
      const read = readHunk(lines, at)
      if (read.kind === 'refused') return read
      hunks.push(read.hunk)
      at = read.next
    }
    if (hunks.length === 0) return refuse('patch-malformed', at, 'a file has no hunks')
    if (/^\+|^-(?!-)/.test(lines[at] ?? '')) {
      return refuse('patch-malformed', at, 'the hunk has more lines than its header says')
    }
    files.push({ ...names, hunks })
  }
  if (files.length === 0) return { kind: 'refused', refusal: { kind: 'patch-empty' } }
  return { kind: 'parsed', files }
}

function beginsDiff(lines: readonly string[], at: number): boolean {
  return (lines[at] ?? '').startsWith('--- ') && (lines[at + 1] ?? '').startsWith('+++ ')
}

type GitHeader =
  | { readonly kind: 'read'; readonly next: number }
  | { readonly kind: 'refused'; readonly refusal: PatchRefusal }

/** The lines from `diff --git` up to the diff; what has no diff behind it must need none. */
function readGitHeader(lines: readonly string[], headerAt: number): GitHeader {
  let next = headerAt + 1
  while (GIT_EXTENDED.test(lines[next] ?? '')) next += 1
  const extended = lines.slice(headerAt + 1, next)
  const rename = extended.findIndex((line) => GIT_RENAME.test(line))
  if (rename >= 0) {
    return refuse('patch-not-supported', headerAt + 1 + rename, 'it renames or copies a file')
  }
  const isBinary = NOT_SUPPORTED.some(([pattern]) => pattern.test(lines[next] ?? ''))
  if (isBinary || beginsDiff(lines, next)) return { kind: 'read', next }
  const isMode = extended.some((line) => GIT_MODE.test(line))
  const index = extended.find((line) => line.startsWith('index '))
  const needsNone = isMode && (index === undefined || GIT_EMPTY_FILE.test(index))
  return needsNone ? { kind: 'read', next } : refuseCut(headerAt)
}

function refuseCut(index: number): { readonly kind: 'refused'; readonly refusal: PatchRefusal } {
  return refuse('patch-malformed', index, 'it names a file and does not say what changes in it')
}

/** Lines with their newlines; the last has none if the text ends without one. */
export function splitLines(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? []
}

type ReadHunk =
  | { readonly kind: 'read'; readonly hunk: Hunk; readonly next: number }
  | { readonly kind: 'refused'; readonly refusal: PatchRefusal }

function readHunk(lines: readonly string[], headerAt: number): ReadHunk {
  const header = HUNK_HEADER.exec(lines[headerAt] ?? '')
  if (header === null) return refuse('patch-malformed', headerAt, 'this is no header of a hunk')
  const [, start = '', oldCount = '1', newCount = '1'] = header
  let oldLeft = Number(oldCount)
  let newLeft = Number(newCount)
  const read: HunkLine[] = []
  let at = headerAt + 1
  while (oldLeft > 0 || newLeft > 0) {
    const line = lines[at]
    if (line === undefined) return refuse('patch-malformed', at, 'it ends within a hunk')
    if (!line.endsWith('\n')) return refuse('patch-malformed', at, 'it ends within a line')
    const kind = lineKind(line)
    if (kind === undefined) {
      return refuse('patch-malformed', at, 'the hunk has fewer lines than its header says')
    }
    if (kind !== 'added') oldLeft -= 1
    if (kind !== 'removed') newLeft -= 1
    if (oldLeft < 0 || newLeft < 0) {
      return refuse('patch-malformed', at, 'the hunk has other lines than its header says')
    }
    // Mailers cut the blank of an empty context line off.
    const content = line === '\n' ? line : line.slice(1)
    const endsFile = (lines[at + 1] ?? '').startsWith('\\ ')
    read.push({ kind, text: endsFile ? content.replace(/\n$/, '') : content })
    at += endsFile ? 2 : 1
  }
  if (!read.some((line) => line.kind !== 'context')) {
    return refuse('patch-malformed', headerAt, 'the hunk changes nothing')
  }
  if (Number(start) > 0 && read.every((line) => line.kind === 'added')) {
    const problem = 'nothing around what the hunk adds says where that belongs; take diff -u'
    return refuse('patch-not-supported', headerAt, problem)
  }
  return { kind: 'read', hunk: { oldStart: Number(start), lines: read }, next: at }
}

function lineKind(line: string): HunkLine['kind'] | undefined {
  switch (line[0]) {
    case ' ':
    case '\n':
      return 'context'
    case '-':
      return 'removed'
    case '+':
      return 'added'
    default:
      return undefined
  }
}

/** The path in `--- a/xen/common/dm.c\t2026-01-01`. */
function pathIn(line: string): string | undefined {
  const name = line.slice(4).replace(/\n$/, '').replace(/\t.*$/, '').trim()
  const plain = /^"(.*)"$/.exec(name)?.[1] ?? name
  return plain === '/dev/null' ? undefined : plain
}

function refuse(
  kind: 'patch-malformed' | 'patch-not-supported',
  index: number,
  problem: string,
): { readonly kind: 'refused'; readonly refusal: PatchRefusal } {
  return { kind: 'refused', refusal: { kind, line: index + 1, problem } }
}
