import { advance, alignUp, distance, type VirtualAddress } from '../../address/address.ts'
import { type AddressRange, rangeEnd } from '../../address/address-range.ts'
import type { Image } from '../../image/image.ts'

/**
 * Where the image has these very bytes among its constants, so that they need no place of their
 * own. The first such place; undefined where there is none.
 *
 * Only what is never written is looked at: what Xen makes read-only after boot may hold other
 * bytes by then than were linked.
 */
export function sharedConstant(
  image: Image,
  bytes: Uint8Array,
  alignment: number,
): VirtualAddress | undefined {
  const range = constantsOf(image)
  const all = range && image.bytesAt(range)
  if (range === undefined || all === undefined || bytes.byteLength === 0) return undefined
  const [first = 0] = bytes
  const start = distance(range.start, alignUp(range.start, alignment))
  const last = all.byteLength - bytes.byteLength
  for (let at = all.indexOf(first, start); at >= 0 && at <= last; at = all.indexOf(first, at + 1)) {
    if ((at - start) % alignment !== 0) continue
    if (bytes.every((byte, index) => byte === all[at + index])) return advance(range.start, at)
  }
  return undefined
}

/** `.rodata` behind what is written while Xen boots (xen/arch/x86/xen.lds.S). */
function constantsOf(image: Image): AddressRange<VirtualAddress> | undefined {
  const section = image.sections.find(({ name }) => name === '.rodata')
  const from = image.find('__ro_after_init_end')
  if (section === undefined || from.kind !== 'found') return undefined
  const start = from.symbol.address
  if (start < section.start || start >= rangeEnd(section)) return undefined
  return { start, byteLength: distance(start, rangeEnd(section)) }
}
