import type { VirtualAddress } from '../address/address.ts'
import type { AddressRange } from '../address/address-range.ts'
import type { Image } from './image.ts'

/** A table that a linker script lays between two symbols. */
export interface LinkedTable {
  readonly start: VirtualAddress
  readonly bytes: Uint8Array
}

/** The bytes as linked; undefined where the image lacks one of the symbols, or the bytes. */
export function tableBetween(image: Image, first: string, end: string): LinkedTable | undefined {
  const range = rangeBetween(image, first, end)
  const bytes = range && image.bytesAt(range)
  return bytes && { start: range.start, bytes }
}

/** From one symbol up to another, if the image has both in it, in this order. */
export function rangeBetween(
  image: Image,
  first: string,
  end: string,
): AddressRange<VirtualAddress> | undefined {
  const from = image.find(first)
  const to = image.find(end)
  if (from.kind !== 'found' || to.kind !== 'found') return undefined
  const start = from.symbol.address
  const byteLength = to.symbol.address - start
  // Symbols may say anything; a number of bytes is only what lies in the image.
  const isInside =
    start >= image.start &&
    byteLength >= 0n &&
    to.symbol.address <= image.start + BigInt(image.byteLength)
  return isInside ? { start, byteLength: Number(byteLength) } : undefined
}
