import { copyBytes } from '../address/copy-bytes.ts'
import { distance, type VirtualAddress } from '../address/address.ts'
import { contains } from '../address/address-range.ts'
import type { Image, ImageSection } from './image.ts'

/** Bytes that lie over an image's own. */
export interface Overlay {
  readonly at: VirtualAddress
  readonly bytes: Uint8Array
}

/**
 * The image as it is once other bytes were written over some of its own: what a fix on top of
 * another one has as its base. Symbols stay as they were linked.
 *
 * Overlays outside sections with bytes change nothing.
 */
export function overlayImage(image: Image, overlays: readonly Overlay[]): Image {
  const sections = image.sections.map((section) => overlaid(section, overlays))
  const text = sections[image.sections.indexOf(image.text)] ?? image.text
  return {
    ...image,
    sections,
    text,
    find: (name) => image.find(name),
    functionAt: (address) => image.functionAt(address),
    bytesAt: (range) => {
      const section = sections.find((each) => contains(each, range))
      const offset = section && distance(section.start, range.start)
      return offset === undefined
        ? undefined
        : section?.bytes?.slice(offset, offset + range.byteLength)
    },
  }
}

function overlaid(section: ImageSection, overlays: readonly Overlay[]): ImageSection {
  const inside = overlays.filter(({ at, bytes }) =>
    contains(section, { start: at, byteLength: bytes.length }),
  )
  if (section.bytes === undefined || inside.length === 0) return section
  const bytes = copyBytes(section.bytes)
  for (const overlay of inside) bytes.set(overlay.bytes, distance(section.start, overlay.at))
  return { ...section, bytes }
}
