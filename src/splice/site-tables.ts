import type { VirtualAddress } from '../address/address.ts'
import { type AddressRange, overlaps } from '../address/address-range.ts'
import type { Image } from '../image/image.ts'
import { imageAlternatives, imageBugFrames, imageExceptions } from '../image/image-tables.ts'

/** A table entry that names bytes of a site. */
export interface TableEntry {
  readonly table: string
  readonly at: VirtualAddress
}

/**
 * The entry that stands against a detour of the instruction at `site`, if there is one.
 *
 * An instruction in the exception table may fault, and execution then goes on elsewhere; code that
 * stands for it has another address, and its fault would stop the machine.
 */
export function faultEntry(
  image: Image,
  site: AddressRange<VirtualAddress>,
): TableEntry | undefined {
  const found = imageExceptions(image).find(({ at }) => at === site.start)
  return found && { table: 'the exception table', at: found.at }
}

/**
 * The entry that stands against any change of `site`, if there is one.
 *
 * Boot replaces the bytes of an alternative by others according to the CPU's features, with other
 * instruction boundaries. What the image has there as linked need not be what runs.
 *
 * A `ud2` that Xen goes on behind it reads again, once it has trapped, and stops the machine where it
 * finds anything else (`do_invalid_op`, xen/arch/x86/traps.c): a CPU may be between the two.
 */
export function fixedEntry(
  image: Image,
  site: AddressRange<VirtualAddress>,
): TableEntry | undefined {
  const alternative = imageAlternatives(image).find((entry) => overlaps(entry.site, site))
  if (alternative !== undefined) {
    return { table: 'the table of alternatives', at: alternative.site.start }
  }
  const trap = imageBugFrames(image).find(
    ({ at, goesOn }) => goesOn && overlaps({ start: at, byteLength: UD2_BYTES }, site),
  )
  return trap && { table: 'the table of bug frames', at: trap.at }
}

/** Intel SDM volume 2B, UD: 0F 0B. */
const UD2_BYTES = 2
