import type { VirtualAddress } from '../address/address.ts'
import type { Image } from '../image/image.ts'
import { ENDBR64 } from './livepatch-format.ts'

/** Whether a function begins with `endbr64`: Xen since 4.17 puts its jump behind that. */
export function beginsWithEndbr(image: Image, entry: VirtualAddress): boolean {
  const bytes = image.bytesAt({ start: entry, byteLength: ENDBR64.length })
  return bytes !== undefined && ENDBR64.every((byte, index) => bytes[index] === byte)
}
