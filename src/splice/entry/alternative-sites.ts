import type { VirtualAddress } from '../../address/address.ts'
import { type AddressRange, overlaps } from '../../address/address-range.ts'
import { imageAlternatives } from '../../image/image-tables.ts'
import type { Image } from '../../image/image.ts'

/** Where boot replaces instructions according to the CPU's features, by rising address. */
export class AlternativeSites {
  readonly #sites: readonly AddressRange<VirtualAddress>[]
  /** The longest site: no other can overlap from further below. */
  readonly #longestBytes: number

  constructor(image: Image) {
    const sites = imageAlternatives(image).map(({ site }) => site)
    this.#sites = sites.toSorted((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0))
    this.#longestBytes = sites.reduce((most, { byteLength }) => Math.max(most, byteLength), 0)
  }

  /** Whether a byte of the range is one that boot may replace. */
  overlap(range: AddressRange<VirtualAddress>): boolean {
    let low = 0
    let high = this.#sites.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const site = this.#sites[middle]
      if (site !== undefined && site.start + BigInt(this.#longestBytes) <= range.start) {
        low = middle + 1
      } else high = middle
    }
    for (let index = low; index < this.#sites.length; index++) {
      const site = this.#sites[index]
      if (site === undefined || site.start >= range.start + BigInt(range.byteLength)) return false
      if (overlaps(site, range)) return true
    }
    return false
  }
}
