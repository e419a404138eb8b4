/**
 * The tables that say of an instruction that boot, a fault or an assertion treats it in its own
 * way, in an image and in an object.
 *
 * Each entry begins with the distance from itself to its instruction, the site. Sources: Xen 4.7 to
 * 4.21, alternative.h, asm_defns.h and bug.h of x86 (since 4.18, xen/include/xen/bug.h); xen.lds.S of
 * x86 and, later, xen/include/xen/xen.lds.h.
 *
 * @module
 */

import type { ImageSection, ImageSymbol } from '../image/image.ts'
import { readHole } from './hole-value.ts'
import type { ObjectView } from './object-view.ts'

export interface SiteTable {
  /** The section of an object that holds entries of it. */
  readonly section: string
  /** The symbol before the linked table; where releases differ, the first that is there. */
  readonly from: readonly string[]
  /** The symbol behind it. */
  readonly to: string
  /** How long an entry is; where releases differ, the first that fits the image is meant. */
  readonly entryBytes: readonly number[]
  /** The distance to the site. */
  readonly siteBits: 24 | 32
  /** Whether the bits above the distance are part of a line number. */
  readonly hasLines: boolean
}

export const SITE_TABLES: readonly SiteTable[] = [
  // 12 bytes in Xen 4.7 to 4.10, 14 since 4.11.
  table('.altinstructions', ['__alt_instructions'], '__alt_instructions_end', [14, 12], 32),
  table('.ex_table', ['__start___ex_table'], '__stop___ex_table', [8], 32),
  table('.ex_table.pre', ['__start___pre_ex_table'], '__stop___pre_ex_table', [8], 32),
  bugFrames(0, '__start_bug_frames', 8),
  bugFrames(1, '__stop_bug_frames_0', 8),
  bugFrames(2, '__stop_bug_frames_1', 8),
  // Assertions have a second half, with their text.
  bugFrames(3, '__stop_bug_frames_2', 16),
]

/** Newer linker scripts have a symbol before each table; older ones have what is before it. */
function bugFrames(type: number, before: string, entryBytes: number): SiteTable {
  const from = [`__start_bug_frames_${type}`, before]
  return table(`.bug_frames.${type}`, from, `__stop_bug_frames_${type}`, [entryBytes], 24)
}

function table(
  section: string,
  from: readonly string[],
  to: string,
  entryBytes: readonly number[],
  siteBits: 24 | 32,
): SiteTable {
  return { section, from, to, entryBytes, siteBits, hasLines: siteBits === 24 }
}

/** An entry of an object's table. */
export interface ObjectEntry {
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
  sectionAt(address: bigint): ImageSection | undefined
}

/** An entry of the image's table. */
export interface ImageEntry {
  readonly address: bigint
  readonly site: bigint
}

/** An image's table: its entries by rising site. */
export interface LinkedTable {
  readonly entryBytes: number
  readonly entries: readonly ImageEntry[]
}

/**
 * The entries of an object's table, in their order.
 *
 * A section that does not divide into entries which each begin with a relocation against a section
 * of the object gives undefined: then nothing can be said of it.
 */
export function objectEntries(
  view: ObjectView,
  shape: SiteTable,
  entryBytes: number,
): ObjectEntry[] | undefined {
  const entries: ObjectEntry[] = []
  for (const section of view.sectionsNamed(shape.section)) {
    const length = Number(section.byteLength)
    if (length % entryBytes !== 0) return undefined
    const byPlace = new Map(view.holes(section.index).map((hole) => [hole.at, hole]))
    for (let at = 0; at < length; at += entryBytes) {
      const relocation = byPlace.get(at)?.relocation
      const symbol = relocation && view.elf.symbols[relocation.symbol]
      if (relocation === undefined || typeof symbol?.section !== 'number') return undefined
      const site = Number(BigInt.asIntN(shape.siteBits, symbol.value + relocation.addend))
      const place = { section: section.index, at, byteLength: entryBytes }
      entries.push({ ...place, siteSection: symbol.section, site })
    }
  }
  return entries
}

/** The image's table; undefined where the image does not show it, or it does not divide. */
export function linkedTable(image: LinkedImage, shape: SiteTable): LinkedTable | undefined {
  const begins = shape.from.map((name) => image.global(name)).find(({ length }) => length > 0)
  const [from, ...otherFrom] = begins ?? []
  const [to, ...otherTo] = image.global(shape.to)
  if (from === undefined || to === undefined) return undefined
  if (otherFrom.length > 0 || otherTo.length > 0 || to.address < from.address) return undefined
  const length = Number(to.address - from.address)
  const bytes = length === 0 ? new Uint8Array() : image.bytesAt(from.address, length)
  if (bytes === undefined) return undefined
  for (const entryBytes of shape.entryBytes) {
    if (length % entryBytes !== 0) continue
    const entries = Array.from({ length: length / entryBytes }, (_, number): ImageEntry => {
      const address = from.address + BigInt(number * entryBytes)
      const distance = BigInt.asIntN(shape.siteBits, readHole(bytes, number * entryBytes, 4))
      return { address, site: address + distance }
    })
    // Entries of another length would name places all over the address space.
    if (!entries.every(({ site }) => image.sectionAt(site)?.executable === true)) continue
    return { entryBytes, entries: entries.sort(bySite) }
  }
  return undefined
}

function bySite(a: ImageEntry, b: ImageEntry): number {
  return order(a.site, b.site) || order(a.address, b.address)
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
