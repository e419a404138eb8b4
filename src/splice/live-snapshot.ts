import { copyBytes } from '../address/copy-bytes.ts'
import { distance, type VirtualAddress } from '../address/address.ts'
import { type AddressRange, contains, rangeEnd } from '../address/address-range.ts'
import type { Image } from '../image/image.ts'
import type { LiveBytes } from './live-bytes.ts'

/** A run of bytes as it was read. */
export interface ReadRun {
  readonly range: AddressRange<VirtualAddress>
  readonly bytes: Uint8Array
}

/** Live bytes from the runs that were read. */
export class LiveSnapshot implements LiveBytes {
  readonly #runs: readonly ReadRun[]

  constructor(runs: readonly ReadRun[]) {
    this.#runs = runs
  }

  bytesAt(range: AddressRange<VirtualAddress>): Uint8Array | undefined {
    const run = this.#runs.find((each) => contains(each.range, range))
    if (run === undefined) return undefined
    const offset = distance(run.range.start, range.start)
    return copyBytes(run.bytes.subarray(offset, offset + range.byteLength))
  }
}

/**
 * The bytes as linked, in place of a running hypervisor's: to plan without one. What the padding
 * behind `.text` holds is decided at run time; zeros stand for it here.
 */
export function linkedBytes(image: Image): LiveBytes {
  return {
    bytesAt(range) {
      const linked = image.bytesAt(range)
      if (linked !== undefined || !contains(image.textWithPadding, range)) return linked
      const bytes = new Uint8Array(range.byteLength)
      const inText = { start: range.start, byteLength: distance(range.start, rangeEnd(image.text)) }
      if (inText.byteLength > 0) bytes.set(image.bytesAt(inText) ?? [])
      return bytes
    },
  }
}
