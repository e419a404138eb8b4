import type { VirtualAddress } from '../address/address.ts'
import { beginsWithEndbr64, ENDBR64 } from '../x86/endbr64.ts'
import type { Image } from './image.ts'

/** Whether a function begins with `endbr64`: Xen since 4.17 puts its jump behind that. */
export function beginsWithEndbr(image: Image, entry: VirtualAddress): boolean {
  const bytes = image.bytesAt({ start: entry, byteLength: ENDBR64.length })
  return bytes !== undefined && beginsWithEndbr64(bytes)
}
