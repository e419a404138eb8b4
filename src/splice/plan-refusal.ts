import type { AddressRange } from '../address/address-range.ts'
import type { VirtualAddress } from '../address/address.ts'
import type { Place } from '../hotfix/fix.ts'
import type { BuildId } from '../image/build-id.ts'
import type { ImageSymbol } from '../image/image.ts'
import type { UncleanReason } from '../x86/boundaries.ts'

/** Why a site cannot be switched while CPUs run. */
export type UnsafeSite =
  | { readonly kind: 'not-in-a-function' }
  /** The function's instructions are not known for certain, from `offset` on. */
  | {
      readonly kind: 'unclean-function'
      readonly function: string
      readonly offset: number
      readonly reason: UncleanReason
    }
  /** The replaced bytes begin or end inside the instruction at `offset` of the function. */
  | { readonly kind: 'cuts-instruction'; readonly offset: number }
  /** A detour replaces exactly one instruction. */
  | { readonly kind: 'not-one-instruction'; readonly instructions: number }
  /** The new bytes are not instructions of the same lengths, one for one. */
  | { readonly kind: 'other-instruction-lengths'; readonly wanted: readonly number[] }
  /** The new bytes branch to where no instruction begins. */
  | { readonly kind: 'branch-into-instruction'; readonly target: VirtualAddress }
  /** Another instruction of the function branches between the first and the last changed byte. */
  | { readonly kind: 'branch-into-replaced'; readonly target: VirtualAddress }
  /** The bytes to store do not lie within one aligned unit of 8 bytes. */
  | { readonly kind: 'crosses-aligned-unit'; readonly store: AddressRange<VirtualAddress> }
  | { readonly kind: 'replaces-endbr64' }
  /** A `rep` that an interrupt stopped goes on from its middle. */
  | { readonly kind: 'restarted-in-its-middle' }
  /** The instruction has no room for even a `jmp rel8`. */
  | { readonly kind: 'instruction-too-short'; readonly byteLength: number }
  /** A `jmp rel8` fits, but no 5 free bytes for a relay are in its reach. */
  | { readonly kind: 'no-relay-in-reach' }
  /** Xen finds the instruction by its address in a table. */
  | { readonly kind: 'named-by-table'; readonly table: string; readonly at: VirtualAddress }

/** Why new code cannot be linked in. */
export type UnfitCode =
  | { readonly kind: 'undecodable' }
  | { readonly kind: 'falls-off-its-end' }
  | { readonly kind: 'hole-is-no-operand' }
  /** A `pc32` hole counts from its own end, which must be the instruction's. */
  | { readonly kind: 'hole-is-not-last' }
  | { readonly kind: 'branch-into-instruction'; readonly target: number }
  | { readonly kind: 'branch-without-relocation' }
  | { readonly kind: 'operand-without-relocation' }
  | { readonly kind: 'indirect-branch' }
  /** `int`, `int3`, and transactions: they depend on what Xen knows about their address. */
  | { readonly kind: 'unsupported-instruction' }
  | { readonly kind: 'target-is-no-instruction'; readonly target: Place }
  /** The code branches to the site that leads to it. */
  | { readonly kind: 'branch-to-own-site' }
  /** The target's address is too far from the padding for 32 bits. */
  | { readonly kind: 'target-out-of-reach'; readonly target: Place }

interface OfChange {
  /** The index of the change in the fix. */
  readonly change: number
}

/** A reason why a fix has no plan. Facts are fields; `describePlanRefusal` has the sentence. */
export type PlanRefusal =
  | { readonly kind: 'other-base'; readonly wanted: BuildId; readonly found: BuildId }
  | (OfChange & { readonly kind: 'symbol-not-found'; readonly place: Place })
  | (OfChange & {
      readonly kind: 'symbol-ambiguous'
      readonly place: Place
      readonly candidates: readonly ImageSymbol[]
    })
  | (OfChange & {
      readonly kind: 'offset-outside-symbol'
      readonly place: Place
      readonly byteLength: number
    })
  | (OfChange & {
      readonly kind: 'outside-text'
      readonly place: Place
      readonly section: string | undefined
    })
  | (OfChange & {
      readonly kind: 'expectation-differs-from-base'
      readonly place: Place
      readonly wanted: Uint8Array
      readonly found: Uint8Array
    })
  | (OfChange & {
      readonly kind: 'not-splice-safe'
      readonly place: Place
      readonly reason: UnsafeSite
    })
  | (OfChange & {
      readonly kind: 'unfit-code'
      readonly offset: number
      readonly reason: UnfitCode
    })
  | (OfChange & { readonly kind: 'changes-overlap'; readonly other: number })
  | (OfChange & { readonly kind: 'no-room-in-padding'; readonly byteLength: number })
  | { readonly kind: 'live-bytes-missing'; readonly range: AddressRange<VirtualAddress> }
  /** The padding's last bytes are not all 0x00, 0x90 or 0xcc: what is free cannot be told. */
  | { readonly kind: 'padding-not-recognised'; readonly found: Uint8Array }
