import { closeSync, fstatSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import path from 'node:path'
import { crc32 } from 'node:zlib'
import { encodeLine } from '../splice/journal-line.ts'
import type {
  Journal,
  JournalEntry,
  JournalRecord,
  LivepatchJournal,
  LivepatchRecord,
  TransactionRecord,
} from '../splice/journal.ts'
import {
  describeCorruption,
  type JournalCorrupt,
  type JournalTail,
  readJournal,
} from '../splice/read-journal.ts'
import { makeFolderDurably, synchroniseFolder } from './durable-file.ts'

/** Why a journal file cannot be used. */
export type JournalFileFault =
  /** See `JournalCorrupt`. Nothing repairs it but a person who has read it. */
  | ({ readonly cause: 'corrupt' } & Omit<JournalCorrupt, 'kind'>)
  /** The file is longer or shorter than this process left it: another one writes to it. */
  | { readonly cause: 'changed'; readonly found: number; readonly wanted: number }
  /** An append failed before, so what the file ends with is not known. */
  | { readonly cause: 'broken' }

/** The journal's file is not as it must be; nothing was written to it. */
export class JournalFileError extends Error {
  override readonly name = 'JournalFileError'
  readonly code = 'journal-file'
  readonly file: string
  readonly fault: JournalFileFault

  constructor(file: string, fault: JournalFileFault, cause?: unknown) {
    super(`Cannot use the journal ${file}: ${describeFault(fault)}`, { cause })
    this.file = file
    this.fault = fault
  }
}

/** Where the actions of both channels are recorded. */
export interface HostJournal extends Journal, LivepatchJournal {
  append(record: TransactionRecord | LivepatchRecord): Promise<void>
}

/** The name of the journal in its folder. See docs/formats/journal.md. */
export const JOURNAL_NAME = 'journal'

/**
 * The journal of this host, in a file that is only ever appended to.
 *
 * A record is durable when its append resolves: file and folder are synchronised first. A torn end
 * is left where it is, and a `resumed` record behind it says so. Opening changes nothing, so one
 * can look at a journal without the right to write it.
 */
// Locks are not its business (`host-lock.ts`), but a second writer is noticed by the file's size.
export class JournalFile {
  readonly file: string
  readonly #now: () => Date
  readonly #entries: JournalEntry[]
  #tail: JournalTail
  #byteLength: number
  #descriptor: number | undefined
  #breakage: unknown

  private constructor(
    file: string,
    now: () => Date,
    contents: { readonly entries: readonly JournalEntry[]; readonly tail: JournalTail },
    byteLength: number,
  ) {
    this.file = file
    this.#now = now
    this.#entries = [...contents.entries]
    this.#tail = contents.tail
    this.#byteLength = byteLength
  }

  /**
   * Reads the journal in `folder`; there need not be one yet.
   *
   * @throws JournalFileError when it is corrupt
   */
  static open(folder: string, now: () => Date = () => new Date()): JournalFile {
    const file = path.join(folder, JOURNAL_NAME)
    const bytes = readIfThere(file)
    const contents = readJournal(bytes, crc32)
    if (contents.kind === 'corrupt') {
      const { line, why } = contents
      throw new JournalFileError(file, { cause: 'corrupt', line, why })
    }
    return new JournalFile(file, now, contents, bytes.length)
  }

  /** All records, oldest first, those appended through this object included. */
  get entries(): readonly JournalEntry[] {
    return this.#entries
  }

  /** How the file ends, as long as nothing was appended. */
  get tail(): JournalTail {
    return this.#tail
  }

  /** The port for transactions and livepatch actions of one boot. */
  forBoot(bootId: string): HostJournal {
    return {
      append: async (record: TransactionRecord | LivepatchRecord) => this.#append(bootId, record),
    }
  }

  /** Appends after this open the file anew. */
  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
    this.#descriptor = undefined
  }

  #append(bootId: string, record: JournalRecord): void {
    if (this.#breakage !== undefined) {
      throw new JournalFileError(this.file, { cause: 'broken' }, this.#breakage)
    }
    try {
      this.#appendToFile(bootId, record)
    } catch (error) {
      this.#breakage = error
      throw error
    }
  }

  #appendToFile(bootId: string, record: JournalRecord): void {
    this.#descriptor ??= openForAppend(this.file)
    const { size } = fstatSync(this.#descriptor)
    if (size !== this.#byteLength) {
      const fault = { cause: 'changed', found: size, wanted: this.#byteLength } as const
      throw new JournalFileError(this.file, fault)
    }
    const tail = this.#tail
    if (tail.kind === 'unterminated' || (tail.kind === 'torn' && !tail.terminated)) {
      this.#write(this.#descriptor, NEWLINE)
    }
    if (tail.kind === 'torn') {
      const tornBytes = this.#byteLength - tail.from
      this.#writeEntry(bootId, { kind: 'resumed', tornFrom: tail.from, tornBytes })
    }
    this.#writeEntry(bootId, record)
    this.#tail = { kind: 'clean' }
  }

  #writeEntry(bootId: string, record: JournalRecord): void {
    const sequence = this.#entries.length + 1
    const entry = { sequence, bootId, time: this.#now().toISOString(), record }
    this.#write(this.#descriptor ?? -1, encodeLine(entry, crc32))
    this.#entries.push(entry)
  }

  #write(descriptor: number, bytes: Uint8Array): void {
    for (let written = 0; written < bytes.length;) {
      written += writeSync(descriptor, bytes, written)
    }
    fsyncSync(descriptor)
    this.#byteLength += bytes.length
  }
}

const NEWLINE = Uint8Array.of(0x0a)

function openForAppend(file: string): number {
  const folder = path.dirname(file)
  makeFolderDurably(folder)
  const descriptor = openSync(file, 'a', 0o600)
  synchroniseFolder(folder)
  return descriptor
}

function readIfThere(file: string): Uint8Array {
  try {
    return readFileSync(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Uint8Array(0)
    throw error
  }
}

function describeFault(fault: JournalFileFault): string {
  switch (fault.cause) {
    case 'corrupt':
      return describeCorruption({ kind: 'corrupt', line: fault.line, why: fault.why })
    case 'changed':
      return (
        `another process wrote to it; it has ${fault.found} bytes where this one left ` +
        `${fault.wanted}`
      )
    case 'broken':
      return 'an earlier record could not be written'
  }
}
