import type { RemoteMachine } from './remote-machine.ts'
import { machineAddress } from '../src/address/address.ts'
import { type ImageLocation, toMachine } from '../src/image/image-location.ts'
import type { Image, ImageSection } from '../src/image/image.ts'
import type { Extent } from '../src/memory/physical-memory.ts'

/** A part of Xen's image as the machine's RAM file shows it. */
export interface SeenSection {
  readonly name: string
  readonly range: Extent
  readonly bytes: Uint8Array
}

/**
 * The sections that Xen does not change by itself once it has booted: code, with the padding
 * behind it, and constants. Its data lives on, and `.init` belongs to the heap after boot, so a
 * difference there would prove nothing.
 */
const CONSTANT_SECTIONS = ['.text', '.rodata', '.note.gnu.build-id']

/** Reads Xen's constant sections from outside, out of the file that holds the machine's RAM. */
export function seeConstantSections(
  machine: RemoteMachine,
  image: Image,
  location: ImageLocation,
): readonly SeenSection[] {
  return image.sections
    .filter(({ name }) => CONSTANT_SECTIONS.includes(name))
    .map((section) => {
      const range = toMachine(location, withPadding(image, section))
      const bytes = machine.readRam(range.start, range.byteLength)
      return { name: section.name, range, bytes }
    })
}

/** Where the image lies, from the range that `reweave inspect --json` gives. */
export function locationFrom(
  image: Image,
  range: { readonly start: string; readonly byteLength: number },
): ImageLocation {
  const start = machineAddress(BigInt(range.start))
  return { virtualStart: image.start, machine: { start, byteLength: range.byteLength } }
}

function withPadding(image: Image, section: ImageSection): typeof image.textWithPadding {
  return section.name === image.text.name ? image.textWithPadding : section
}
