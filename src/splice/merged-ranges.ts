import { distance, type VirtualAddress } from '../address/address.ts'
import { type AddressRange, rangeEnd } from '../address/address-range.ts'

/** The same bytes in the fewest ranges, by rising address. */
export function mergedRanges(
  ranges: readonly AddressRange<VirtualAddress>[],
): readonly AddressRange<VirtualAddress>[] {
  const result: AddressRange<VirtualAddress>[] = []
  for (const range of ranges.toSorted((a, b) => distance(b.start, a.start))) {
    const last = result.at(-1)
    if (last === undefined || rangeEnd(last) < range.start) {
      result.push(range)
      continue
    }
    const byteLength = Math.max(last.byteLength, distance(last.start, rangeEnd(range)))
    result[result.length - 1] = { start: last.start, byteLength }
  }
  return result
}
