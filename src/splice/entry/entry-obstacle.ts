import type { VirtualAddress } from '../../address/address.ts'
import type { UncleanReason } from '../../x86/boundaries.ts'

/**
 * Why a function's calls cannot be sent to new code by one store.
 *
 * Offsets count from the function's first byte.
 */
export type EntryObstacle =
  /** It lies in no section that stays in memory: initialisation code, freed after boot. */
  | { readonly kind: 'freed-after-boot'; readonly section: string }
  /** It lies outside `.text`. */
  | { readonly kind: 'outside-text' }
  /** The symbol has no size, so where its code ends is not known. */
  | { readonly kind: 'no-size' }
  | { readonly kind: 'unclean'; readonly offset: number; readonly reason: UncleanReason }
  /** The function jumps back to its entry: what runs there is not always a call. */
  | { readonly kind: 'loops-to-entry'; readonly offset: number }
  /** Something jumps or points between the entry and the first site that would do. */
  | { readonly kind: 'entered-behind-entry'; readonly target: VirtualAddress }
  /** Boot replaces bytes here according to the CPU's features. */
  | { readonly kind: 'alternative'; readonly offset: number }
  /** No instruction from the entry to here is fit, and what this one does cannot be undone. */
  | { readonly kind: 'cannot-be-undone'; readonly offset: number; readonly instruction: string }
  /** Instructions fit for a `jmp rel8` there are, but no free bytes in their reach. */
  | { readonly kind: 'no-relay-in-reach'; readonly offset: number }
