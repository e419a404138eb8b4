/**
 * The bytes of an image that boot puts others over, so that memory does not show them as linked.
 *
 * Sources: `struct alt_instr` and `_apply_alternatives` (xen/arch/x86/alternative.c and
 * include/asm/alternative.h, 12 bytes an entry up to Xen 4.10 and 14 since), `struct alt_call`
 * (alternative-call.h, since 4.21), and the `cf_clobber` sections, whose pointers name functions
 * that lose their `endbr64` on CPUs with CET-IBT (since 4.17).
 *
 * @module
 */

import { advance, distance, type VirtualAddress } from '../address/address.ts'
import { type AddressRange, contains, overlaps } from '../address/address-range.ts'
import { viewOf } from '../elf/struct-layout.ts'
import type { Image } from '../image/image.ts'
import { tableBetween } from '../image/table-between.ts'
import { ENDBR64 } from '../x86/endbr64.ts'

/** Every run of code in the image that boot may rewrite, in no order. */
export function bootRewrites(image: Image): readonly AddressRange<VirtualAddress>[] {
  return [...alternativeSites(image), ...callSites(image), ...poisonedEntries(image)]
}

/** The bytes of `range` as linked, up to the first that boot may rewrite. */
export function lastingBytes(
  image: Image,
  rewrites: readonly AddressRange<VirtualAddress>[],
  range: AddressRange<VirtualAddress>,
): Uint8Array | undefined {
  const bytes = image.bytesAt(range)
  if (bytes === undefined) return undefined
  let lasting = range.byteLength
  for (const rewrite of rewrites) {
    if (!overlaps(rewrite, range)) continue
    lasting = Math.min(lasting, Math.max(distance(range.start, rewrite.start), 0))
  }
  return bytes.subarray(0, lasting)
}

/** Layouts of `struct alt_instr`: where the length of the site is, and of the padding behind it. */
const ALTERNATIVE_LAYOUTS = [
  { entryBytes: 14, siteLengthAt: 10, padLengthAt: 12 },
  { entryBytes: 12, siteLengthAt: 10, padLengthAt: undefined },
] as const

function alternativeSites(image: Image): readonly AddressRange<VirtualAddress>[] {
  const table = tableBetween(image, '__alt_instructions', '__alt_instructions_end')
  if (table === undefined) return []
  const view = viewOf(table.bytes)
  for (const layout of ALTERNATIVE_LAYOUTS) {
    const sites: AddressRange<VirtualAddress>[] = []
    for (let at = 0; at + layout.entryBytes <= view.byteLength; at += layout.entryBytes) {
      const start = advance(table.start, at + view.getInt32(at, true))
      const padding = layout.padLengthAt === undefined ? 0 : view.getUint8(at + layout.padLengthAt)
      sites.push({ start, byteLength: view.getUint8(at + layout.siteLengthAt) + padding })
    }
    const isWhole = view.byteLength % layout.entryBytes === 0
    if (isWhole && sites.every((site) => isCode(image, site))) return sites
  }
  // A table of a form that is not known says nothing of where; then nothing can be relied on.
  return [image.text]
}

/** Longest first: `ff 15` or `ff 25` with a displacement. */
const CALL_BYTES = 6

function callSites(image: Image): readonly AddressRange<VirtualAddress>[] {
  const table = tableBetween(image, '__alt_call_sites_start', '__alt_call_sites_end')
  if (table === undefined) return []
  const view = viewOf(table.bytes)
  const sites: AddressRange<VirtualAddress>[] = []
  for (let at = 0; at + 4 <= view.byteLength; at += 4) {
    sites.push({
      start: advance(table.start, at + view.getInt32(at, true)),
      byteLength: CALL_BYTES,
    })
  }
  return sites
}

function poisonedEntries(image: Image): readonly AddressRange<VirtualAddress>[] {
  const table = tableBetween(image, '__initdata_cf_clobber_start', '__initdata_cf_clobber_end')
  if (table === undefined) return []
  const view = viewOf(table.bytes)
  const entries: AddressRange<VirtualAddress>[] = []
  for (let at = 0; at + 8 <= view.byteLength; at += 8) {
    const start = view.getBigUint64(at, true) as VirtualAddress
    const entry = { start, byteLength: ENDBR64.length }
    // The sections hold other values beside pointers; Xen too takes what points to an endbr64.
    if (isCode(image, entry)) entries.push(entry)
  }
  return entries
}

function isCode(image: Image, range: AddressRange<VirtualAddress>): boolean {
  if (range.start > LAST_START) return false
  return image.sections.some((section) => section.executable && contains(section, range))
}

/** Below the end of the address space by more than any range here is long. */
const LAST_START = 0xffff_ffff_ffff_0000n
