/**
 * The tables that say of an instruction that boot, a fault or an assertion treats it in its own
 * way, in an image and in an object.
 *
 * Each entry begins with the distance from itself to its instruction, the site. Sources: Xen 4.7 to
 * 4.17, arch/x86/include/asm/{alternative,uaccess,bug}.h and arch/x86/xen.lds.S.
 *
 * @module
 */

import type { ImageSymbol } from '../image/image.ts'
import { readHole } from './hole-value.ts'
import type { ObjectView } from './object-view.ts'

export interface SiteTable {
  /** The section of an object that holds entries of it. */
  readonly section: string
  /** The symbols around the linked table. */
  readonly from: string
  readonly to: string
  /** Undefined where releases differ and the object shows it. */
  readonly entryBytes: number | undefined
  /** The distance to the site; what is left of 32 bits is part of a line number. */
  readonly siteBits: 24 | 32
}

export const SITE_TABLES: readonly SiteTable[] = [
  // 12 bytes in Xen 4.7 to 4.10, 14 since.
  table('.altinstructions', '__alt_instructions', '__alt_instructions_end', undefined, 32),
  table('.ex_table', '__start___ex_table', '__stop___ex_table', 8, 32),
  table('.ex_table.pre', '__start___pre_ex_table', '__stop___pre_ex_table', 8, 32),
  table('.bug_frames.0', '__start_bug_frames', '__stop_bug_frames_0', 8, 24),
  table('.bug_frames.1', '__stop_bug_frames_0', '__stop_bug_frames_1', 8, 24),
  table('.bug_frames.2', '__stop_bug_frames_1', '__stop_bug_frames_2', 8, 24),
  // Assertions have a second half, with their text.
  table('.bug_frames.3', '__stop_bug_frames_2', '__stop_bug_frames_3', 16, 24),
]

function table(
  section: string,
  from: string,
  to: string,
  entryBytes: number | undefined,
  siteBits: 24 | 32,
): SiteTable {
  return { section, from, to, entryBytes, siteBits }
}

/** An entry of an object's table. */
export interface ObjectEntry {
  readonly table: SiteTable
  /** The section that the entry lies in, and where. */
  readonly section: number
  readonly at: number
  readonly byteLength: number
  /** The section that the site lies in, and where. */
  readonly siteSection: number
  readonly site: number
}

/** What is asked of an image; see `ImageIndex`. */
interface LinkedImage {
  global(name: string): readonly ImageSymbol[]
  bytesAt(address: bigint, byteLength: number): Uint8Array | undefined
}

/** An entry of the image's table. */
export interface ImageEntry {
  readonly address: bigint
  readonly site: bigint
}

/**
 * The entries of an object's tables, in their order.
 *
 * A section that does not divide into entries which each begin with a relocation against a section
 * of the object gives undefined: then nothing can be said of it.
 */
export function objectEntries(view: ObjectView, shape: SiteTable): ObjectEntry[] | undefined {
  const entries: ObjectEntry[] = []
  for (const section of view.sectionsNamed(shape.section)) {
    const length = Number(section.byteLength)
    if (length === 0) continue
    const holes = view.holes(section.index)
    const byteLength = shape.entryBytes ?? entryStride(holes, length)
    if (byteLength === undefined || length % byteLength !== 0) return undefined
    const byPlace = new Map(holes.map((hole) => [hole.at, hole]))
    for (let at = 0; at < length; at += byteLength) {
      const relocation = byPlace.get(at)?.relocation
      const symbol = relocation && view.elf.symbols[relocation.symbol]
      if (relocation === undefined || typeof symbol?.section !== 'number') return undefined
      const site = Number(BigInt.asIntN(shape.siteBits, symbol.value + relocation.addend))
      entries.push({
        table: shape,
        section: section.index,
        at,
        byteLength,
        siteSection: symbol.section,
        site,
      })
    }
  }
  return entries
}

/** Every entry has two relocations; the third one begins the second entry. */
function entryStride(
  holes: readonly { readonly at: number }[],
  length: number,
): number | undefined {
  const stride = holes[2]?.at ?? length
  return stride === 12 || stride === 14 ? stride : undefined
}

/**
 * The entries of the image's table, by rising site; undefined where the image does not show the
 * table, or where it does not divide into entries.
 */
export function linkedEntries(
  image: LinkedImage,
  shape: SiteTable,
  entryBytes: number,
): ImageEntry[] | undefined {
  const [from, ...otherFrom] = image.global(shape.from)
  const [to, ...otherTo] = image.global(shape.to)
  if (from === undefined || to === undefined) return undefined
  if (otherFrom.length > 0 || otherTo.length > 0) return undefined
  const length = Number(to.address - from.address)
  if (length === 0) return []
  const bytes = length > 0 ? image.bytesAt(from.address, length) : undefined
  if (bytes === undefined || length % entryBytes !== 0) return undefined
  const entries: ImageEntry[] = []
  for (let at = 0; at < length; at += entryBytes) {
    const address = from.address + BigInt(at)
    const distance = BigInt.asIntN(shape.siteBits, readHole(bytes, at, 4))
    entries.push({ address, site: address + distance })
  }
  return entries.sort((a, b) => order(a.site, b.site) || order(a.address, b.address))
}

function order(a: bigint, b: bigint): number {
  return a < b ? -1 : Number(a > b)
}

/** The entries whose sites lie in a range, in the order in which they were linked. */
export function entriesWithin(
  entries: readonly ImageEntry[],
  start: bigint,
  byteLength: number,
): ImageEntry[] {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((entries[middle]?.site ?? 0n) < start) low = middle + 1
    else high = middle
  }
  let end = low
  while (end < entries.length && (entries[end]?.site ?? 0n) < start + BigInt(byteLength)) end += 1
  return entries.slice(low, end).sort((a, b) => order(a.address, b.address))
}
