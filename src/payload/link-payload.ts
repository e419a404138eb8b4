import type { VirtualAddress } from '../address/address.ts'
import type { Image } from '../image/image.ts'
import type { Payload, PayloadFunction } from './payload.ts'
import type { PayloadSection } from './payload-code.ts'

/** A section with its final bytes. */
export interface LinkedSection extends PayloadSection {
  readonly start: VirtualAddress
  /** As many as `byteLength`, relocations applied; alternatives are not. */
  readonly bytes: Uint8Array
}

/** A function and where its new code begins. */
export interface LinkedFunction {
  readonly function: PayloadFunction
  readonly oldAddress: VirtualAddress
  /** Undefined where the payload puts NOPs over the function's first bytes. */
  readonly newAddress: VirtualAddress | undefined
}

/**
 * An entry of `.altinstructions`: what boot, or Xen's loader, would do to a site in the new code.
 *
 * Entries are in the order of the table, in which they are applied: a later one for the same site
 * goes over an earlier one.
 */
export interface LinkedAlternative {
  readonly site: VirtualAddress
  /** The section that the site lies in, and where in its bytes. */
  readonly section: number
  readonly offset: number
  /** The instructions as compiled, with the padding behind them: all that may be replaced. */
  readonly siteByteLength: number
  /** How many NOP bytes of the site are padding; 0 in the table's older form, which has none. */
  readonly padByteLength: number
  /** Linked for its place at the site; at most `siteByteLength`, NOPs fill the rest. */
  readonly replacement: Uint8Array
  /** The number of the CPU feature: 32 * word + bit, as Xen of that build counts them. */
  readonly feature: number
  /** Whether the replacement is for CPUs without the feature. */
  readonly negated: boolean
  /**
   * Set for an indirect branch of which Xen makes a direct one: where the pointer to the target
   * lies. `replacement` then has only its opcode right.
   */
  readonly pointer: VirtualAddress | undefined
}

/** Why a payload cannot be linked to the places given. */
export type LinkRefusal =
  | { readonly kind: 'section-without-place'; readonly section: string }
  | {
      readonly kind: 'place-misaligned'
      readonly section: string
      readonly found: VirtualAddress
      readonly wantedAlignment: number
    }
  | { readonly kind: 'symbol-not-found'; readonly symbol: string }
  | { readonly kind: 'symbol-ambiguous'; readonly symbol: string; readonly foundCount: number }
  | {
      readonly kind: 'relocation-unsupported'
      readonly section: string
      readonly offset: number
      readonly type: number
    }
  | {
      readonly kind: 'out-of-reach'
      readonly section: string
      readonly offset: number
      readonly target: bigint
    }
  | { readonly kind: 'alternative-unsupported'; readonly entry: number; readonly why: string }

export type PayloadLinked =
  | {
      readonly kind: 'linked'
      readonly sections: readonly LinkedSection[]
      readonly functions: readonly LinkedFunction[]
      readonly alternatives: readonly LinkedAlternative[]
      /** How many bug frames and exception table entries the code wants to have registered. */
      readonly bugFrames: number
      readonly exceptions: number
    }
  | { readonly kind: 'refused'; readonly refusals: readonly LinkRefusal[] }

/**
 * The payload's code once its sections lie at `places`, by section index.
 *
 * `places` has one address for each section of `payloadCode`. Undefined symbols are resolved as
 * Xen's loader does, in the image alone. Nothing of the result is aware of a CPU: whoever writes
 * the code applies the alternatives first.
 */
export function linkPayload(
  payload: Payload,
  places: ReadonlyMap<number, VirtualAddress>,
  image: Image,
): PayloadLinked {
  throw new RangeError(`Not yet written for ${payload.buildId}, ${places.size}, ${image.buildId}`)
}
