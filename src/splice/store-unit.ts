import { alignDown, alignUp, distance, type VirtualAddress } from '../address/address.ts'
import { type AddressRange, rangeEnd } from '../address/address-range.ts'

/**
 * Bytes of the naturally aligned unit inside which one store is taken for whole.
 *
 * The Intel SDM (volume 3A, "Guaranteed Atomic Operations") promises it of a processor's own
 * stores; of a device's writes it is what holds in practice, not what is promised.
 */
export const STORE_UNIT_BYTES = 8

/** The whole aligned units that the range touches. */
export function alignedUnits(range: AddressRange<VirtualAddress>): AddressRange<VirtualAddress> {
  const start = alignDown(range.start, STORE_UNIT_BYTES)
  return { start, byteLength: distance(start, alignUp(rangeEnd(range), STORE_UNIT_BYTES)) }
}

/** Where the one aligned unit begins that holds the address. */
export function unitOf(address: VirtualAddress): VirtualAddress {
  return alignDown(address, STORE_UNIT_BYTES)
}
