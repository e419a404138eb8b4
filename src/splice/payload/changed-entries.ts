import { type VirtualAddress } from '../../address/address.ts'
import { type AddressRange, contains, overlaps } from '../../address/address-range.ts'
import type { Image } from '../../image/image.ts'
import { bootRewrites } from '../../payload/boot-rewrites.ts'
import type { LiveBytes } from '../live-bytes.ts'
import type { ExaminedPayload } from './examine-payload.ts'
import type { SpliceRefusal } from './splice-refusal.ts'

/** How much of a function's beginning is looked at: more than any way to switch it touches. */
const ENTRY_BYTES = 64

/**
 * The replaced functions whose beginning is not as linked, but for what boot rewrites: something
 * else patched them, through this channel or another.
 */
export function changedEntries(
  { order: { image }, functions }: ExaminedPayload,
  live: LiveBytes,
): readonly SpliceRefusal[] {
  const rewrites = bootRewrites(image)
  return functions.flatMap(({ name, symbol }): SpliceRefusal[] => {
    const byteLength = Math.min(symbol.byteLength, ENTRY_BYTES)
    const range = { start: symbol.address, byteLength }
    const found = live.bytesAt(range)
    const wanted = image.bytesAt(range)
    if (found === undefined || wanted === undefined) return [{ kind: 'live-bytes-missing', range }]
    const rewritten = rewrittenBytes(image, rewrites, range)
    if (found.every((byte, index) => rewritten(index) || byte === wanted[index])) return []
    return [{ kind: 'entry-not-as-linked', function: name, at: symbol.address, found, wanted }]
  })
}

function rewrittenBytes(
  image: Image,
  rewrites: readonly AddressRange<VirtualAddress>[],
  range: AddressRange<VirtualAddress>,
): (index: number) => boolean {
  // What says that all of the text may be rewritten says that nothing is known of it.
  const known = rewrites.filter((rewrite) => rewrite !== image.text && overlaps(rewrite, range))
  return (index) => {
    const byte = { start: (range.start + BigInt(index)) as VirtualAddress, byteLength: 1 }
    return known.some((rewrite) => contains(rewrite, byte))
  }
}
