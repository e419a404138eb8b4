import { advance, alignUp, distance, type VirtualAddress } from '../address/address.ts'
import { type AddressRange, overlaps, rangeEnd } from '../address/address-range.ts'
import { paddingBehindText } from '../image/free-bytes.ts'
import type { Image } from '../image/image.ts'
import type { LiveBytes } from './live-bytes.ts'

/** Where new code begins: as compilers align functions. */
export const CODE_ALIGNMENT = 16

/**
 * Bytes at the padding's end that are never used, so that they go on telling what padding holds
 * after code was put in front of them.
 */
const WITNESS_BYTES = 16

/** What an unused byte may hold: a linker's zero fill, `nop`, or `int3`. */
const FILLS: readonly number[] = [0x00, 0x90, 0xcc]

/** The padding as the running image has it. */
export interface Padding {
  readonly kind: 'padding'
  readonly range: AddressRange<VirtualAddress>
  /** Where code may lie: `range` without the witness at its end. */
  readonly usable: AddressRange<VirtualAddress>
  readonly live: LiveBytes
  /** What its unused bytes hold. */
  readonly fill: number
}

/**
 * Tells by the padding's last bytes what its unused bytes hold in the running image, or what was
 * found there instead.
 */
// A linker's fill is not part of any section, so what a symbol file has there proves nothing.
export function recognisePadding(
  image: Image,
  live: LiveBytes,
):
  | Padding
  | { readonly kind: 'missing'; readonly range: AddressRange<VirtualAddress> }
  | { readonly kind: 'not-recognised'; readonly found: Uint8Array } {
  const range = paddingBehindText(image)
  const usableBytes = Math.max(range.byteLength - WITNESS_BYTES, 0)
  const witness = {
    start: advance(range.start, usableBytes),
    byteLength: range.byteLength - usableBytes,
  }
  const found = live.bytesAt(witness)
  if (found === undefined || live.bytesAt(range) === undefined) return { kind: 'missing', range }
  const fill = found[0] ?? 0
  if (!FILLS.includes(fill) || found.some((byte) => byte !== fill)) {
    return { kind: 'not-recognised', found }
  }
  const usable = { start: range.start, byteLength: usableBytes }
  return { kind: 'padding', range, usable, live, fill }
}

/** The lowest aligned place for `byteLength` bytes that is free, and not in `taken`. */
export function freePlace(
  padding: Padding,
  byteLength: number,
  taken: readonly AddressRange<VirtualAddress>[],
): VirtualAddress | undefined {
  const end = rangeEnd(padding.usable)
  const first = alignUp(padding.usable.start, CODE_ALIGNMENT)
  for (
    let start = first;
    start + BigInt(byteLength) <= end;
    start = advance(start, CODE_ALIGNMENT)
  ) {
    const units = Math.ceil(byteLength / CODE_ALIGNMENT) * CODE_ALIGNMENT
    // Whole units, as all room is given out: in a unit that is used, some bytes may look free.
    const range = { start, byteLength: Math.min(units, distance(start, end)) }
    const bytes = padding.live.bytesAt(range)
    const isFree = bytes?.every((byte) => byte === padding.fill) === true
    if (isFree && !taken.some((other) => overlaps(other, range))) return start
  }
  return undefined
}
