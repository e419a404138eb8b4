/**
 * What a journal records of transactions, and the port that makes it durable.
 *
 * The intent of each write is recorded before it, the outcome after it. The journal says what was
 * meant; what is so, memory alone tells.
 *
 * @module
 */

import type { MachineAddress } from '../address/address.ts'
import type { SpliceGoal } from './precheck.ts'
import type { SplicePlan } from './plan.ts'

/** What a write puts: the plan's new bytes, or the old ones back. */
export type WriteDirection = 'put-after' | 'put-before'

export interface BeginRecord {
  readonly kind: 'begin'
  readonly transaction: string
  readonly goal: SpliceGoal
  /** Where the image begins in machine memory, for this boot. */
  readonly machineStart: MachineAddress
  readonly engine: string
  readonly plan: SplicePlan
}

export interface IntentRecord {
  readonly kind: 'intent'
  readonly transaction: string
  /** The index of the write in the plan. */
  readonly write: number
  readonly direction: WriteDirection
}

export interface OutcomeRecord {
  readonly kind: 'outcome'
  readonly transaction: string
  readonly write: number
  readonly direction: WriteDirection
  readonly result:
    | { readonly kind: 'verified' }
    | { readonly kind: 'failed'; readonly what: string }
}

export interface PassageRecord {
  readonly kind: 'passage'
  readonly transaction: string
  readonly result: { readonly kind: 'left' } | { readonly kind: 'unknown'; readonly why: string }
}

export interface EndRecord {
  readonly kind: 'end'
  readonly transaction: string
  readonly result:
    | { readonly kind: 'completed' }
    | { readonly kind: 'abandoned'; readonly reason: string }
}

/**
 * Written first after the journal was found torn: names the torn part, which a power cut left in
 * the middle of an append, so that later readers can tell it from corruption.
 */
export interface ResumedRecord {
  readonly kind: 'resumed'
  /** Where the torn part begins in the file. */
  readonly tornFrom: number
  /** Its length, with its final newline. This record stands right behind it. */
  readonly tornBytes: number
}

/** A record about a transaction. */
export type TransactionRecord =
  | BeginRecord
  | IntentRecord
  | OutcomeRecord
  | PassageRecord
  | EndRecord

export type JournalRecord = TransactionRecord | ResumedRecord

/** A record with what every line carries. */
export interface JournalEntry {
  /** Counts from 1, without gaps, over the whole file. */
  readonly sequence: number
  /** The boot of the machine in which it was written: what was spliced then ended with it. */
  readonly bootId: string
  /** ISO 8601, in UTC, for people. Nothing is decided by it. */
  readonly time: string
  readonly record: JournalRecord
}

/** Where a transaction records what it does. */
export interface Journal {
  /** Resolves once the record is durable. After a rejection, nothing is known of it. */
  append(record: TransactionRecord): Promise<void>
}

/** CRC-32 as in zlib and PNG (polynomial 0xedb88320), unsigned. */
export type Checksum = (bytes: Uint8Array) => number
