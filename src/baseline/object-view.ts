import { RELOCATION_WIDTHS } from '../elf/definitions.ts'
import type { ElfFile, ElfRelocation, ElfSection, ElfSymbol } from '../elf/elf-file.ts'

/** A relocation and how many bytes it fills; 0 for one that Reweave does not compute. */
export interface Hole {
  readonly at: number
  readonly byteLength: number
  readonly relocation: ElfRelocation
}

/** A relocatable object with what a comparison asks for again and again. */
export class ObjectView {
  readonly elf: ElfFile
  readonly #files: readonly (string | undefined)[]
  readonly #holes: ReadonlyMap<number, readonly Hole[]>
  readonly #named: ReadonlyMap<number, readonly ElfSymbol[]>

  constructor(elf: ElfFile) {
    this.elf = elf
    this.#files = filesOfSymbols(elf)
    this.#holes = new Map(
      elf.relocationTables.map((table) => [
        table.target,
        table.relocations.map(hole).sort(byPlace),
      ]),
    )
    this.#named = namedBySection(elf)
  }

  section(index: number): ElfSection | undefined {
    return this.elf.sections[index]
  }

  sectionsNamed(name: string): ElfSection[] {
    return this.elf.sections.filter((section) => section.name === name)
  }

  /** The source file of a local symbol, where the object names one. */
  fileOf(symbol: ElfSymbol): string | undefined {
    return symbol.binding === 'local' ? this.#files[symbol.index] : undefined
  }

  /** The section's relocations by rising place. */
  holes(section: number): readonly Hole[] {
    return this.#holes.get(section) ?? []
  }

  /** Those that begin in a part of the section. */
  holesIn(section: number, start: number, byteLength: number): readonly Hole[] {
    const all = this.holes(section)
    const first = firstFrom(all, start)
    return all.slice(first, firstFrom(all, start + byteLength))
  }

  /** The section's symbols that have a name of their own, by rising value. */
  named(section: number): readonly ElfSymbol[] {
    return this.#named.get(section) ?? []
  }
}

function hole(relocation: ElfRelocation): Hole {
  return {
    at: Number(relocation.offset),
    byteLength: RELOCATION_WIDTHS.get(relocation.type) ?? 0,
    relocation,
  }
}

function byPlace(a: Hole, b: Hole): number {
  return a.at - b.at
}

function firstFrom(holes: readonly Hole[], at: number): number {
  let low = 0
  let high = holes.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((holes[middle]?.at ?? 0) < at) low = middle + 1
    else high = middle
  }
  return low
}

/** By symbol index. gABI: Symbol Table, STT_FILE: it precedes the local symbols of its file. */
function filesOfSymbols(elf: ElfFile): (string | undefined)[] {
  let file: string | undefined
  return elf.symbols.map((symbol) => {
    if (symbol.kind === 'file') file = symbol.name === '' ? undefined : symbol.name
    return file
  })
}

function namedBySection(elf: ElfFile): Map<number, ElfSymbol[]> {
  const bySection = new Map<number, ElfSymbol[]>()
  for (const symbol of elf.symbols) {
    if (typeof symbol.section !== 'number' || symbol.name === '') continue
    if (symbol.kind === 'section' || symbol.kind === 'file') continue
    const others = bySection.get(symbol.section)
    if (others === undefined) bySection.set(symbol.section, [symbol])
    else others.push(symbol)
  }
  for (const symbols of bySection.values()) symbols.sort((a, b) => (a.value < b.value ? -1 : 1))
  return bySection
}
