import { distance, hex, type MachineAddress } from '../../address/address.ts'
import { type AddressRange, contains } from '../../address/address-range.ts'

/** A run of simulated machine memory that begins at `start`. */
export class SimRam {
  readonly range: AddressRange<MachineAddress>
  readonly bytes: Uint8Array

  constructor(start: MachineAddress, byteLength: number) {
    this.range = { start, byteLength }
    this.bytes = new Uint8Array(byteLength)
  }

  /** The bytes themselves: what is written there is seen by everybody. */
  view(at: MachineAddress, byteLength: number): Uint8Array {
    if (!contains(this.range, { start: at, byteLength })) {
      throw new RangeError(`No simulated memory at ${hex(at)} for ${byteLength} bytes`)
    }
    const offset = distance(this.range.start, at)
    return this.bytes.subarray(offset, offset + byteLength)
  }

  read(at: MachineAddress, byteLength: number): Uint8Array {
    return this.view(at, byteLength).slice()
  }

  write(at: MachineAddress, bytes: Uint8Array): void {
    this.view(at, bytes.length).set(bytes)
  }
}
