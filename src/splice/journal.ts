/**
 * What a journal records of transactions and of livepatch actions, and the port that makes it
 * durable.
 *
 * The intent of each write is recorded before it, the outcome after it. The journal says what was
 * meant; what is so, memory alone tells (of livepatches, what Xen lists).
 *
 * @module
 */

import type { MachineAddress, VirtualAddress } from '../address/address.ts'
import type { BuildId } from '../image/build-id.ts'
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

/** A function of the hypervisor that a livepatch replaces. */
export interface ReplacedFunction {
  /** As the payload names it: `do_dm_op`, `common/dm.c#get_op`. */
  readonly name: string
  readonly address: VirtualAddress
  /** How long the old function is. */
  readonly byteLength: number
}

/** Written before a payload is loaded and its functions are put to use. */
export interface LivepatchApplyRecord {
  readonly kind: 'livepatch-apply'
  readonly transaction: string
  /** `replace` takes all payloads back that are applied, and applies this one, at once. */
  readonly action: 'apply' | 'replace'
  readonly hotfix: string
  /** As Xen lists the payload. */
  readonly name: string
  /** The payload's own. */
  readonly buildId: BuildId
  /** What the payload wants at the top of the stack: Xen, or the payload applied before. */
  readonly dependsOn: BuildId
  readonly functions: readonly ReplacedFunction[]
}

/** Written before a payload's functions are taken back, or a payload that is not in use goes. */
export interface LivepatchWithdrawRecord {
  readonly kind: 'livepatch-withdraw'
  readonly transaction: string
  readonly action: 'revert' | 'unload'
  readonly name: string
}

/** Written last. Missing when the process was killed: what Xen lists tells what became of it. */
export interface LivepatchEndRecord {
  readonly kind: 'livepatch-end'
  readonly transaction: string
  readonly result:
    | { readonly kind: 'completed' }
    /** What is applied did not change. */
    | { readonly kind: 'refused'; readonly why: string }
    /** What is applied changed otherwise than was wanted, or is not known. */
    | { readonly kind: 'incomplete'; readonly what: string }
}

/** A record about an action of Xen's own livepatch mechanism. */
export type LivepatchRecord = LivepatchApplyRecord | LivepatchWithdrawRecord | LivepatchEndRecord

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

/** A record about a transaction of splices. */
export type TransactionRecord =
  | BeginRecord
  | IntentRecord
  | OutcomeRecord
  | PassageRecord
  | EndRecord

export type JournalRecord = TransactionRecord | LivepatchRecord | ResumedRecord

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

/** Where a livepatch action records what it does. As `Journal`. */
export interface LivepatchJournal {
  append(record: LivepatchRecord): Promise<void>
}

/** CRC-32 as in zlib and PNG (polynomial 0xedb88320), unsigned. */
export type Checksum = (bytes: Uint8Array) => number
