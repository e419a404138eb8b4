import type { VirtualAddress } from '../address/address.ts'
import type { BuildId } from '../image/build-id.ts'

/**
 * What a write is for, in the order in which writes are made.
 *
 * `stage`: code that nothing reaches yet. `relay`: a `jmp rel32` between functions that nothing
 * reaches yet. `switch`: the one store that makes the change live at its site.
 */
export type WriteRole = 'stage' | 'relay' | 'switch'

/** One run of bytes to be replaced. */
export interface PlannedWrite {
  readonly role: WriteRole
  /** The index of the change in the fix that the write belongs to. */
  readonly change: number
  readonly at: VirtualAddress
  readonly before: Uint8Array
  readonly after: Uint8Array
  /** `do_dm_op+0x3`, or `padding behind .text`. */
  readonly place: string
  /** Why this write is safe, in one sentence. */
  readonly why: string
}

/**
 * Every byte that a fix writes into one build, with what is there before.
 *
 * Stages come first, then relays, then switches; no two writes overlap; every switch lies within
 * one aligned 8-byte unit. Apply makes them in this order, revert undoes them in the opposite one.
 */
export interface SplicePlan {
  readonly fix: string
  readonly advisory: string
  readonly buildId: BuildId
  readonly writes: readonly PlannedWrite[]
}
