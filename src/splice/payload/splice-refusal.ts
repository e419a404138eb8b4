import type { VirtualAddress } from '../../address/address.ts'
import type { AddressRange } from '../../address/address-range.ts'
import type { BuildId } from '../../image/build-id.ts'
import type { LinkRefusal } from '../../payload/link-refusal.ts'
import type { GeneralRegister } from '../../x86/general-register.ts'
import type { EntryFixed } from '../entry/entry-switch.ts'
import type { FeatureEvidence } from './feature-evidence.ts'

/** A reason why a payload cannot be spliced in. Facts are fields; `describeSpliceRefusal` tells. */
export type SpliceRefusal =
  /** It is for another build, or stands on another payload. */
  | { readonly kind: 'other-base'; readonly wanted: BuildId; readonly found: BuildId }
  /** Xen's loader would run them; a device cannot. */
  | { readonly kind: 'hooks'; readonly hooks: readonly string[] }
  | { readonly kind: 'writable-data'; readonly section: string; readonly byteLength: number }
  /** Xen finds these by the address of the code, which it would have to be told. */
  | { readonly kind: 'bug-frames'; readonly count: number }
  | { readonly kind: 'exceptions'; readonly count: number }
  | { readonly kind: 'not-linkable'; readonly refusal: LinkRefusal }
  /** The function's old address is the beginning of no function in the image. */
  | { readonly kind: 'no-such-function'; readonly function: string; readonly at: VirtualAddress }
  /** The payload wants NOPs over the function's first bytes, which is no single store. */
  | { readonly kind: 'nops-in-place'; readonly function: string }
  | {
      readonly kind: 'expectation-differs-from-base'
      readonly function: string
      readonly found: Uint8Array
      readonly wanted: Uint8Array
    }
  /** What was found where the payload was built is not about this payload and this build. */
  | { readonly kind: 'study-does-not-fit'; readonly about: string }
  /**
   * An old caller that still runs may count on the callee leaving registers alone that the new one
   * overwrites.
   */
  | {
      readonly kind: 'clobbers-more'
      readonly function: string
      readonly caller: string
      readonly registers: readonly GeneralRegister[]
    }
  /** Nothing in the image leads to any of its functions. */
  | { readonly kind: 'nothing-to-switch' }
  | {
      readonly kind: 'lock-protocol-may-differ'
      readonly old: readonly string[]
      readonly new: readonly string[]
    }
  | { readonly kind: 'entry-fixed'; readonly function: string; readonly fixed: EntryFixed }
  /** A livepatch, or something unknown, was at the function's entry. */
  | {
      readonly kind: 'entry-not-as-linked'
      readonly function: string
      readonly at: VirtualAddress
      readonly found: Uint8Array
      readonly wanted: Uint8Array
    }
  | {
      readonly kind: 'no-room'
      readonly what: string
      readonly byteLength: number
      /** The longest run of bytes that is free. */
      readonly foundBytes: number
    }
  | {
      readonly kind: 'feature-unknown'
      readonly feature: number
      readonly evidence: Extract<FeatureEvidence, { kind: 'none' | 'disagrees' }>
    }
  | {
      readonly kind: 'pointer-leads-nowhere'
      readonly pointer: VirtualAddress
      readonly found: VirtualAddress
    }
  | { readonly kind: 'out-of-reach'; readonly from: VirtualAddress; readonly to: VirtualAddress }
  /** New code would have a `ud2` where the old had one that Xen knows, and be taken for it. */
  | { readonly kind: 'meets-bug-frame'; readonly section: string; readonly at: VirtualAddress }
  /** It would lie where it cannot be told from what is free. */
  | { readonly kind: 'looks-like-padding'; readonly section: string }
  | { readonly kind: 'live-bytes-missing'; readonly range: AddressRange<VirtualAddress> }
  /** The padding's last bytes are not all 0x00, 0x90 or 0xcc: what is free cannot be told. */
  | { readonly kind: 'padding-not-recognised'; readonly found: Uint8Array }
