import type { VirtualAddress } from '../../address/address.ts'
import type { UncleanReason } from '../../x86/boundaries.ts'
import type { GeneralRegister } from '../../x86/general-register.ts'

/**
 * What ends the search for a way to send a function's calls elsewhere by one store.
 *
 * Offsets count from the function's first byte; an `instruction` is in Intel syntax, for people.
 */
export type EntryObstacle =
  /** It is initialisation code, which is freed after boot: nobody will call it again. */
  | { readonly kind: 'freed-after-boot'; readonly section: string }
  | { readonly kind: 'outside-text'; readonly section: string | undefined }
  /** The symbol has no size, so where its code ends is not known. */
  | { readonly kind: 'no-size' }
  /** The compiler split it off another function, which jumps to it and does not call it. */
  | { readonly kind: 'part-of-a-function'; readonly whole: string }
  | { readonly kind: 'unclean'; readonly offset: number; readonly reason: UncleanReason }
  /** The function jumps back to its entry: not all that runs there is a call. */
  | { readonly kind: 'loops-to-entry' }
  /** It jumps to where a register or memory says, which may be anywhere in it. */
  | { readonly kind: 'jumps-indirectly'; readonly offset: number }
  /** Something may jump, return or point to there, and so pass by the entry. */
  | { readonly kind: 'entered-behind-entry'; readonly target: VirtualAddress }
  /** Boot replaces bytes here according to the CPU's features. */
  | { readonly kind: 'alternative'; readonly offset: number }
  /** The instruction does what cannot be undone, or what new code might not do. */
  | { readonly kind: 'cannot-be-undone'; readonly offset: number; readonly instruction: string }
  /** The instruction overwrites a register that the new code needs as it was at the call. */
  | {
      readonly kind: 'loses-register'
      readonly offset: number
      readonly instruction: string
      readonly register: GeneralRegister
    }

/** Why one instruction cannot carry the jump. */
export type UnfitSite =
  | 'endbr64'
  | 'too-short'
  /** Boot or a fault finds it by its address. */
  | 'exception-table'
  /** Xen reads it again after it trapped, and goes on behind it. */
  | 'bug-frame'
  /** Something may point or jump to there, or happens to look as if it did. */
  | 'entered-in-its-middle'
  /** A `rep` that an interrupt stopped goes on from its middle. */
  | 'restarted-in-its-middle'
  /** The bytes of the jump do not lie in one aligned unit of 8 bytes. */
  | 'crosses-aligned-unit'
  | 'no-relay-in-reach'

/** An instruction that was looked at for the jump. */
export interface TriedSite {
  readonly offset: number
  readonly why: UnfitSite
}
