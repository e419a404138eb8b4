import { decodeLine, LINE_MARK } from './journal-line.ts'
import type { Checksum, JournalEntry } from './journal.ts'

/** A journal as read. */
export interface JournalContents {
  readonly kind: 'read'
  readonly entries: readonly JournalEntry[]
  readonly tail: JournalTail
}

/**
 * How the file ends. `unterminated`: the last record is whole, its newline is not there. `torn`: a
 * power cut ended an append in the middle; the part belongs to no record.
 */
export type JournalTail =
  | { readonly kind: 'clean' }
  | { readonly kind: 'unterminated' }
  | {
      readonly kind: 'torn'
      readonly line: number
      readonly from: number
      readonly byteLength: number
      readonly terminated: boolean
    }

/** The journal was changed or damaged, other than by a power cut at its end. */
export interface JournalCorrupt {
  readonly kind: 'corrupt'
  /** Counted from 1. */
  readonly line: number
  readonly why: string
}

/**
 * Reads a whole journal.
 *
 * A torn part is tolerated at the end, and before a `resumed` record that names it. Anything else
 * that is not a record, and any gap in the sequence, makes the journal corrupt.
 */
export function readJournal(
  file: Uint8Array,
  checksum: Checksum,
): JournalContents | JournalCorrupt {
  const entries: JournalEntry[] = []
  let torn: Torn | undefined
  for (const line of linesOf(file)) {
    const next = entries.length + 1
    const decoded = decodeLine(line.bytes, checksum)
    if (decoded.kind === 'damaged' && mayBeTorn(line.bytes, next)) {
      torn ??= { line: line.number, from: line.from, why: decoded.why }
      continue
    }
    if (torn !== undefined && !(decoded.kind === 'entry' && names(decoded.entry, torn, line))) {
      return { kind: 'corrupt', line: torn.line, why: torn.why }
    }
    if (decoded.kind !== 'entry') return corrupt(line, decoded.why)
    const { sequence, record } = decoded.entry
    if (sequence !== next) {
      return corrupt(line, `record ${sequence} stands where record ${next} must be`)
    }
    if (torn === undefined && record.kind === 'resumed') {
      return corrupt(line, 'a torn part is named that is not there')
    }
    torn = undefined
    entries.push(decoded.entry)
  }
  const terminated = file.length === 0 || file.at(-1) === NEWLINE
  if (torn !== undefined) {
    const { line, from } = torn
    const byteLength = file.length - from
    return { kind: 'read', entries, tail: { kind: 'torn', line, from, byteLength, terminated } }
  }
  return { kind: 'read', entries, tail: { kind: terminated ? 'clean' : 'unterminated' } }
}

/** One sentence for people. */
export function describeCorruption({ line, why }: JournalCorrupt): string {
  return `The journal is corrupt at line ${line}: ${why}`
}

interface Torn {
  readonly line: number
  readonly from: number
  readonly why: string
}

interface Line {
  readonly number: number
  readonly from: number
  readonly bytes: Uint8Array
}

const NEWLINE = 0x0a

function* linesOf(file: Uint8Array): Generator<Line> {
  let from = 0
  for (let number = 1; from < file.length; number += 1) {
    const end = file.indexOf(NEWLINE, from)
    const until = end === -1 ? file.length : end
    yield { number, from, bytes: file.subarray(from, until) }
    from = until + 1
  }
}

/** Whether the entry is the record, right behind the torn part, that says where that is. */
function names({ record }: JournalEntry, torn: Torn, line: Line): boolean {
  return (
    record.kind === 'resumed' &&
    record.tornFrom === torn.from &&
    record.tornBytes === line.from - torn.from
  )
}

/**
 * Whether the line can be an append of record `sequence` that did not all reach the disk: its
 * beginning, or with blocks missing, which read as zeros.
 */
function mayBeTorn(line: Uint8Array, sequence: number): boolean {
  if (line.includes(0)) return true
  const mark = `${LINE_MARK} ${sequence} `
  for (let index = 0; index < Math.min(mark.length, line.length); index += 1) {
    if (line[index] !== mark.charCodeAt(index)) return false
  }
  return true
}

function corrupt(line: Line, why: string): JournalCorrupt {
  return { kind: 'corrupt', line: line.number, why }
}
