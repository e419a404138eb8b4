import type { VirtualAddress } from '../address/address.ts'
import type { AddressRange } from '../address/address-range.ts'

/** A snapshot of parts of the running image, by virtual address. */
export interface LiveBytes {
  /** The bytes of the range, or undefined where the snapshot does not hold all of it. */
  bytesAt(range: AddressRange<VirtualAddress>): Uint8Array | undefined
}
