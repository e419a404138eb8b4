/**
 * The tables by which Xen knows instructions by their address.
 *
 * Layouts: `struct exception_table_entry` (xen/arch/x86/include/asm/uaccess.h) and
 * `struct alt_instr` (xen/arch/x86/include/asm/alternative.h), both as of Xen 4.17.
 *
 * @module
 */

import { advance, type VirtualAddress } from '../address/address.ts'
import { type AddressRange, overlaps } from '../address/address-range.ts'
import type { Image } from '../image/image.ts'
import { type LinkedTable, tableBetween } from '../image/table-between.ts'

/** A table entry that names bytes of a site. */
export interface TableEntry {
  readonly table: string
  readonly at: VirtualAddress
}

/**
 * The entry that stands against a detour of the instruction at `site`, if there is one.
 *
 * An instruction in the exception table may fault, and execution then goes on elsewhere; code that
 * stands for it has another address, and its fault would stop the machine. An image without the
 * table's symbols has no entries.
 */
export function faultEntry(
  image: Image,
  site: AddressRange<VirtualAddress>,
): TableEntry | undefined {
  const table = tableBetween(image, '__start___ex_table', '__stop___ex_table')
  return findEntry(table, 8, ({ address }) => {
    return address === site.start ? { table: 'the exception table', at: address } : undefined
  })
}

/**
 * The entry that stands against any change of `site`, if there is one.
 *
 * Boot replaces the bytes of an alternative by others according to the CPU's features, with other
 * instruction boundaries. What the image has there as linked need not be what runs.
 */
export function alternativeEntry(
  image: Image,
  site: AddressRange<VirtualAddress>,
): TableEntry | undefined {
  const table = tableBetween(image, '__alt_instructions', '__alt_instructions_end')
  return findEntry(table, 14, ({ address, view, offset }) => {
    const original = { start: address, byteLength: view.getUint8(offset + 10) }
    return overlaps(original, site)
      ? { table: 'the table of alternatives', at: address }
      : undefined
  })
}

/** An entry, whose first field is the distance from itself to the instruction it names. */
interface RawEntry {
  readonly address: VirtualAddress
  readonly view: DataView
  readonly offset: number
}

function findEntry(
  table: LinkedTable | undefined,
  entryBytes: number,
  match: (entry: RawEntry) => TableEntry | undefined,
): TableEntry | undefined {
  if (table === undefined) return undefined
  const { bytes, start } = table
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let offset = 0; offset + entryBytes <= bytes.byteLength; offset += entryBytes) {
    const address = advance(start, offset + view.getInt32(offset, true))
    const found = match({ address, view, offset })
    if (found !== undefined) return found
  }
  return undefined
}
