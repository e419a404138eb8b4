import type { ElfFile, ElfRelocation, ElfSymbol } from '../elf/elf-file.ts'

/** What a relocation refers to, its addend taken in: for `R_X86_64_PC32` counted from the hole. */
export type Reference =
  | { readonly kind: 'section'; readonly section: number; readonly offset: number }
  | { readonly kind: 'address'; readonly address: bigint }
  | { readonly kind: 'name'; readonly name: string; readonly addend: bigint }

/** The relocations of a payload's sections, by section and offset. */
export class References {
  readonly #elf: ElfFile
  readonly #bySection = new Map<number, Map<number, ElfRelocation>>()

  constructor(elf: ElfFile) {
    this.#elf = elf
    for (const { target, relocations } of elf.relocationTables) {
      const holes = this.#bySection.get(target) ?? new Map<number, ElfRelocation>()
      this.#bySection.set(target, holes)
      // The loader applies them in turn: of several for one hole the last counts.
      for (const relocation of relocations) holes.set(Number(relocation.offset), relocation)
    }
  }

  /** The relocations of a section, by rising offset. */
  in(section: number): readonly ElfRelocation[] {
    const holes = [...(this.#bySection.get(section) ?? [])]
    return holes.sort(([a], [b]) => a - b).map(([, relocation]) => relocation)
  }

  at(section: number, offset: number): ElfRelocation | undefined {
    return this.#bySection.get(section)?.get(offset)
  }

  /** What a relocation leads to; undefined against symbol 0 alone, which is none. */
  target(relocation: ElfRelocation): Reference | undefined {
    const symbol = this.#elf.symbols[relocation.symbol]
    return symbol === undefined || symbol.index === 0
      ? undefined
      : referenceTo(symbol, relocation.addend)
  }
}

function referenceTo(symbol: ElfSymbol, addend: bigint): Reference | undefined {
  if (symbol.section === 'undefined') return { kind: 'name', name: symbol.name, addend }
  if (symbol.section === 'absolute') {
    return { kind: 'address', address: BigInt.asUintN(64, symbol.value + addend) }
  }
  if (symbol.section === 'common') return undefined
  const offset = Number(symbol.value + addend)
  return { kind: 'section', section: symbol.section, offset }
}
