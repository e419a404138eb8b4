import { SHF } from '../elf/definitions.ts'
import type { ElfSymbol } from '../elf/elf-file.ts'
import type { ImageIndex } from './image-index.ts'
import type { ObjectView } from './object-view.ts'

/** Where an image has the symbols and sections of one object, as far as its symbols tell. */
export class SectionPlaces {
  readonly #view: ObjectView
  readonly #index: ImageIndex
  readonly #ofSection = new Map<number, readonly bigint[]>()

  constructor(view: ObjectView, index: ImageIndex) {
    this.#view = view
    this.#index = index
  }

  /** All addresses that a symbol with a name can have; none for sections and unnamed labels. */
  ofSymbol(symbol: ElfSymbol): readonly bigint[] {
    const candidates = this.#index.named(symbol, this.#view.fileOf(symbol))
    return candidates.map((candidate) => candidate.address)
  }

  /**
   * All addresses at which the section can begin: one, where one of its symbols is named once in
   * the image. None where the image names none of its symbols, and for merged sections, which a
   * linker does not place as one piece.
   */
  ofSection(section: number): readonly bigint[] {
    const known = this.#ofSection.get(section)
    if (known !== undefined) return known
    const places = this.#find(section)
    this.#ofSection.set(section, places)
    return places
  }

  #find(section: number): readonly bigint[] {
    if (((this.#view.section(section)?.flags ?? 0n) & SHF.MERGE) !== 0n) return []
    const possible = new Set<bigint>()
    const certain = new Set<bigint>()
    for (const symbol of this.#view.named(section)) {
      const addresses = this.ofSymbol(symbol)
      for (const address of addresses) {
        possible.add(address - symbol.value)
        if (addresses.length === 1) certain.add(address - symbol.value)
      }
    }
    return [...(certain.size > 0 ? certain : possible)]
  }
}
