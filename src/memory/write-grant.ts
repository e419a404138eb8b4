import { type AddressRange, contains } from '../address/address-range.ts'
import type { MachineAddress } from '../address/address.ts'

/**
 * Permission to write to given ranges of one machine's memory.
 *
 * Whatever writes to a hypervisor takes one, and only `splice/precheck.ts` makes them, after
 * the image was identified and every site held what it must. There is no way to force one;
 * `tools/check-layers.ts` keeps other code from calling `issueWriteGrant`.
 */
export class WriteGrant {
  readonly #ranges: readonly AddressRange<MachineAddress>[]
  /** The hypervisor's `.text`, inside which a whole sector may be written back unchanged. */
  readonly text: AddressRange<MachineAddress>

  constructor(ranges: readonly AddressRange<MachineAddress>[], text: AddressRange<MachineAddress>) {
    this.#ranges = ranges
    this.text = text
  }

  /** Whether one of the granted ranges holds all of `extent`. */
  allows(extent: AddressRange<MachineAddress>): boolean {
    return this.#ranges.some((range) => contains(range, extent))
  }
}

/** Makes a grant for exactly `ranges`. For `splice/precheck.ts` alone. */
export function issueWriteGrant(
  ranges: readonly AddressRange<MachineAddress>[],
  text: AddressRange<MachineAddress>,
): WriteGrant {
  return new WriteGrant(ranges, text)
}
