import { linkedLine, objectLine } from './bug-line.ts'
import type { ImageIndex } from './image-index.ts'
import type { Comparison, ObjectComparison, ObjectPart } from './object-comparison.ts'
import type { ObjectView } from './object-view.ts'
import {
  entriesWithin,
  type ImageEntry,
  type ObjectEntry,
  objectEntries,
  SITE_TABLES,
  type SiteTable,
} from './site-table.ts'

/**
 * The tables of sites of one object, compared with those of an image function by function.
 *
 * A function must have as many entries in each table as the image has for it, in the same order,
 * equal with all that they lead to: replacement instructions, fixups, texts. Tables that either
 * side does not show are left out and named in `leftOut`.
 */
export class SiteComparison {
  readonly #view: ObjectView
  readonly #index: ImageIndex
  readonly #tables: readonly {
    readonly table: SiteTable
    readonly bySection: ReadonlyMap<number, readonly ObjectEntry[]>
    readonly linked: readonly ImageEntry[]
  }[]
  readonly leftOut: readonly string[]

  constructor(view: ObjectView, index: ImageIndex) {
    this.#view = view
    this.#index = index
    const leftOut: string[] = []
    this.#tables = SITE_TABLES.flatMap((table) => {
      const linked = index.table(table)
      const entries = linked && objectEntries(view, table, linked.entryBytes)
      if (linked === undefined || entries === undefined) {
        if (view.sectionsNamed(table.section).length > 0) leftOut.push(table.section)
        return []
      }
      const bySection = Map.groupBy(entries, (entry) => entry.siteSection)
      return [{ table, bySection, linked: linked.entries }]
    })
    this.leftOut = leftOut
  }

  /** Where the sections that entries lead to fall into parts, by section. */
  cuts(): ReadonlyMap<number, readonly number[]> {
    const cuts = new Map<number, Set<number>>()
    for (const { bySection } of this.#tables) {
      for (const entry of [...bySection.values()].flat()) {
        for (const hole of this.#view.holesIn(entry.section, entry.at + 4, entry.byteLength - 4)) {
          const symbol = this.#view.elf.symbols[hole.relocation.symbol]
          if (typeof symbol?.section !== 'number') continue
          const at = Number(symbol.value + hole.relocation.addend)
          const others = cuts.get(symbol.section)
          if (others === undefined) cuts.set(symbol.section, new Set([at]))
          else others.add(at)
        }
      }
    }
    return new Map(
      [...cuts].map(([section, places]) => [section, [...places].sort((a, b) => a - b)]),
    )
  }

  /** Compares the entries whose sites lie in `part`, which is linked at `address`. */
  compare(part: ObjectPart, address: bigint, comparison: ObjectComparison): Comparison {
    for (const { table, bySection, linked } of this.#tables) {
      const wanted = (bySection.get(part.section.index) ?? []).filter(
        ({ site }) => site >= part.start && site < part.start + part.byteLength,
      )
      const found = entriesWithin(linked, address, part.byteLength)
      if (found.length !== wanted.length) {
        const counts = { found: entryCount(found.length), wanted: entryCount(wanted.length) }
        const difference = { kind: 'table', at: 0, within: table.section, ...counts } as const
        return { kind: 'unequal', difference }
      }
      for (const [number, entry] of wanted.entries()) {
        const linkedAt = found[number]?.address ?? 0n
        const compared = this.#compareEntry(entry, linkedAt, comparison)
        if (compared.kind === 'equal') continue
        const facts = this.#otherLines(table, entry, linkedAt) ?? compared.difference
        const within = compared.difference.within ?? table.section
        const place = { kind: 'table', at: entry.site - part.start, within } as const
        const difference = { ...place, found: facts.found, wanted: facts.wanted }
        return { kind: 'unequal', difference }
      }
    }
    return { kind: 'equal', texts: [] }
  }

  /** A bug frame of another line differs in words that tell people nothing. */
  #otherLines(
    table: SiteTable,
    entry: ObjectEntry,
    address: bigint,
  ): { readonly found: string; readonly wanted: string } | undefined {
    const frame = this.#index.bytesAt(address, entry.byteLength)
    if (!table.hasLines || frame === undefined) return undefined
    const [found, wanted] = [linkedLine(frame), objectLine(this.#view, entry)]
    if (wanted === undefined || found === wanted) return undefined
    return { found: `line ${found}`, wanted: `line ${wanted}` }
  }

  #compareEntry(entry: ObjectEntry, address: bigint, comparison: ObjectComparison): Comparison {
    const section = this.#view.section(entry.section)
    if (section === undefined) throw new RangeError(`Section ${entry.section} is not in the object`)
    return comparison.compare({ section, start: entry.at, byteLength: entry.byteLength }, address)
  }
}

function entryCount(count: number): string {
  return count === 1 ? '1 entry' : `${count} entries`
}
