import { distance, type VirtualAddress } from '../address/address.ts'
import type { Image } from './image.ts'

/** A table that a linker script lays between two symbols. */
export interface LinkedTable {
  readonly start: VirtualAddress
  readonly bytes: Uint8Array
}

/** The bytes as linked; undefined where the image lacks one of the symbols, or the bytes. */
export function tableBetween(image: Image, first: string, end: string): LinkedTable | undefined {
  const from = image.find(first)
  const to = image.find(end)
  if (from.kind !== 'found' || to.kind !== 'found') return undefined
  const start = from.symbol.address
  const bytes = image.bytesAt({
    start,
    byteLength: Math.max(distance(start, to.symbol.address), 0),
  })
  return bytes && { start, bytes }
}
