/**
 * Putting hunks into a file with fuzz 0: every line of context must be there, though the hunk may
 * lie some lines off.
 *
 * Where a hunk fits at several places, the choice is the one of GNU patch, with which the tests
 * compare: the nearest to where the hunks before it say, and of two as near the later one.
 *
 * @module
 */
import type { Hunk } from './parse-patch.ts'
import type { LineChange, PlacedHunk } from './patched-file.ts'

/** A line, and which line of the file it was before anything was put in. */
export interface TracedLine {
  readonly text: string
  /** From 1; undefined for a line that a patch brought. */
  readonly oldLine: number | undefined
}

export interface FailedHunk {
  readonly number: number
  readonly wantedLine: number
  /** The first line of the hunk that is not at that place, and what is; undefined is the file's end. */
  readonly wanted: string | undefined
  readonly found: string | undefined
  /** The fuzz with which it would fit; undefined if with none. */
  readonly fuzz: number | undefined
}

export interface HunkPlacement {
  readonly lines: readonly TracedLine[]
  readonly placed: readonly PlacedHunk[]
  readonly failed: readonly FailedHunk[]
}

/** Puts all hunks in that fit, in order. */
export function placeHunks(lines: readonly TracedLine[], hunks: readonly Hunk[]): HunkPlacement {
  const texts = lines.map((line) => line.text)
  const placed: PlacedHunk[] = []
  const failed: FailedHunk[] = []
  const result: TracedLine[] = []
  let taken = 0
  let drift = 0
  for (const [index, hunk] of hunks.entries()) {
    const number = index + 1
    const old = oldLines(hunk)
    // A hunk without old lines goes behind the line that it names.
    const wantedLine = old.length === 0 ? hunk.oldStart + 1 : hunk.oldStart
    const from = findHunk(texts, hunk, { guess: wantedLine - 1 + drift, from: taken, fuzz: 0 })
    if (from === undefined) {
      failed.push(describeFailure(texts, hunk, { number, wantedLine, drift, taken }))
      continue
    }
    drift = from - (wantedLine - 1)
    placed.push({ number, wantedLine, foundLine: from + 1 })
    for (const line of lines.slice(taken, from)) result.push(line)
    taken = from
    for (const { kind, text } of hunk.lines) {
      const kept = lines[taken]
      if (kind === 'added') result.push({ text, oldLine: undefined })
      else if (kind === 'context' && kept !== undefined) result.push(kept)
      if (kind !== 'added') taken += 1
    }
  }
  return { lines: result.concat(lines.slice(taken)), placed, failed }
}

/** The runs of lines that were put in the place of others. */
export function changesIn(lines: readonly TracedLine[], oldLineCount: number): LineChange[] {
  const changes: LineChange[] = []
  let oldLine = 1
  let newLine = 1
  let newCount = 0
  const close = (nextOldLine: number): void => {
    const oldCount = nextOldLine - oldLine
    if (oldCount > 0 || newCount > 0) {
      changes.push({ oldLine, oldCount, newLine: newLine - newCount, newCount })
    }
    oldLine = nextOldLine
    newCount = 0
  }
  for (const line of lines) {
    if (line.oldLine === undefined) newCount += 1
    else {
      close(line.oldLine)
      oldLine = line.oldLine + 1
    }
    newLine += 1
  }
  close(oldLineCount + 1)
  return changes
}

/** The same hunk, taking out what it puts in. */
export function reverseHunk(hunk: Hunk): Hunk {
  const opposite = { context: 'context', added: 'removed', removed: 'added' } as const
  return { ...hunk, lines: hunk.lines.map(({ kind, text }) => ({ kind: opposite[kind], text })) }
}

interface Search {
  /** Where it is expected, as an index. */
  readonly guess: number
  /** Lines before this index are taken by earlier hunks. */
  readonly from: number
  readonly fuzz: number
}

/** The index of the hunk's first old line, less what fuzz leaves out. */
function findHunk(texts: readonly string[], hunk: Hunk, search: Search): number | undefined {
  const leading = hunk.lines.findIndex((line) => line.kind !== 'context')
  const trailing = hunk.lines.toReversed().findIndex((line) => line.kind !== 'context')
  const context = Math.max(leading, trailing)
  // Less context on one side means that the file ends there: it must, at the end; at the start
  // only if the hunk says so.
  const cutLeading = search.fuzz + leading - context
  const cutTrailing = search.fuzz + trailing - context
  const atStart = cutLeading < 0 && hunk.oldStart <= 1
  const atEnd = cutTrailing < 0
  const old = oldLines(hunk)
  // It says that the file has been empty.
  if (old.length === 0) return texts.length === 0 ? 0 : undefined
  const skip = Math.max(cutLeading, 0)
  const wanted = old.slice(skip, old.length - Math.max(cutTrailing, 0))
  // Nothing is left that would say where it belongs.
  if (wanted.length === 0) return undefined
  const first = search.from
  const last = texts.length - wanted.length
  const fits = (at: number): boolean =>
    at >= first && at <= last && wanted.every((text, index) => texts[at + index] === text)
  if (atStart) return (!atEnd || last === 0) && fits(0) ? 0 : undefined
  if (atEnd) return fits(last) ? last : undefined
  const guess = search.guess + skip
  const furthest = Math.max(last - guess, guess - first)
  for (let offset = 0; offset <= furthest; offset += 1) {
    if (fits(guess + offset)) return guess + offset
    if (fits(guess - offset)) return guess - offset
  }
  return undefined
}

function describeFailure(
  texts: readonly string[],
  hunk: Hunk,
  place: { number: number; wantedLine: number; drift: number; taken: number },
): FailedHunk {
  const { number, wantedLine, drift, taken } = place
  const guess = wantedLine - 1 + drift
  const old = oldLines(hunk)
  const at = Math.max(
    old.findIndex((text, index) => texts[guess + index] !== text),
    0,
  )
  const fuzz = [1, 2].find(
    (candidate) => findHunk(texts, hunk, { guess, from: taken, fuzz: candidate }) !== undefined,
  )
  const wanted = old[at]?.replace(/\n$/, '')
  return { number, wantedLine, wanted, found: texts[guess + at]?.replace(/\n$/, ''), fuzz }
}

function oldLines(hunk: Hunk): readonly string[] {
  return hunk.lines.flatMap(({ kind, text }) => (kind === 'added' ? [] : [text]))
}
