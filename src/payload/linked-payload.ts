/**
 * What a payload comes to once its code has places.
 *
 * @module
 */

import type { VirtualAddress } from '../address/address.ts'
import type { PayloadFunction } from './payload.ts'
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
 * An entry of `.altinstructions` or `.alt_call_sites`: what boot, or Xen's loader, would do to a
 * site in the new code.
 *
 * Entries are in the order of their table, in which they are applied: a later one for the same site
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
  /**
   * The number of the CPU feature: 32 * word + bit, as Xen of that build counts them. Means nothing
   * where there is a `pointer`.
   */
  readonly feature: number
  /** Whether the replacement is for CPUs without the feature. */
  readonly negated: boolean
  /**
   * Set for an indirect branch of which Xen makes a direct one: where the pointer to the target
   * lies. `replacement` then has only its opcode right.
   */
  readonly pointer: VirtualAddress | undefined
}
