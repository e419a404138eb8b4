import type { VirtualAddress } from '../../address/address.ts'
import type { AddressRange } from '../../address/address-range.ts'
import type { ImageSymbol } from '../../image/image.ts'
import type { GeneralRegister } from '../../x86/general-register.ts'
import type { PlannedWrite } from '../plan.ts'
import type { EntryObstacle, TriedSite } from './entry-obstacle.ts'

/**
 * How the site's jump gets away from it.
 *
 * `near-jump`: a `jmp rel32` in place of one instruction. `relay`: a `jmp rel8` to a `jmp rel32` in
 * free bytes. `relay-chain`: a `jmp rel8` to further ones, the last of which reaches a `jmp rel32`.
 */
export type EntryWay = 'near-jump' | 'relay' | 'relay-chain'

/** A jump in bytes of the image that nothing executes. */
export interface EntryRelay {
  readonly at: VirtualAddress
  /** What is there as linked; as many bytes as the jump takes, 2 or 5. */
  readonly before: Uint8Array
  /** For people: `padding behind enable_nonboot_cpus`. */
  readonly place: string
}

/**
 * A way to have a function's calls go to new code from one store on, while CPUs run.
 *
 * The invariant: the new code begins with every register that the calling convention gives a
 * meaning, and with the stack, exactly as the call left them at the old entry. Calls that are past
 * the site when the store is made finish the old code.
 *
 * It asks for whole functions only: what lies behind the site is run by nobody who calls later.
 */
export interface EntrySwitch {
  readonly kind: 'switchable'
  readonly function: ImageSymbol
  readonly way: EntryWay
  /** The bytes of the one store. They lie in one aligned 8-byte unit and in one instruction. */
  readonly store: AddressRange<VirtualAddress>
  readonly before: Uint8Array
  /** How far behind the function's first byte the store lies. */
  readonly offset: number
  /** In the order in which they are run. All but the last are `jmp rel8`, the last `jmp rel32`. */
  readonly relays: readonly EntryRelay[]
  /** What the stub runs to undo the instructions in front of the site. Empty where none do harm. */
  readonly undo: Uint8Array
  /** Bytes to stage for a stub: `undo` and a jump. 0 where the jumps go to the new code itself. */
  readonly stubByteLength: number
}

/** A function whose calls cannot be sent elsewhere by one store. */
export interface EntryFixed {
  readonly kind: 'cannot'
  readonly function: ImageSymbol
  /** What ended the search. */
  readonly reason: EntryObstacle
  /** The instructions up to there, none of which can carry the jump. */
  readonly tried: readonly TriedSite[]
}

/** Where the stub is put. The caller finds the place; any in `.text` or behind it will do. */
export interface StubPlace {
  readonly at: VirtualAddress
  /** What is there before, as many bytes as the stub has. */
  readonly before: Uint8Array
  readonly place: string
}

/** A write of a plan, but for the change that it belongs to, which is the caller's to number. */
export type EntryWrite = Omit<PlannedWrite, 'change'>

/** What the search for a way has to know of the plan that it is for. */
export interface EntryAsk {
  /**
   * Whether a jump may be put over these bytes, which are free in the image as linked: the running
   * image must have them as linked, and no other part of the plan may want them.
   */
  readonly isFree: (range: AddressRange<VirtualAddress>) => boolean
  /**
   * Registers whose values at the call the new code never reads (`unreadRegisters`). None when
   * absent: then every argument register is brought back.
   */
  readonly unread?: ReadonlySet<GeneralRegister>
}
