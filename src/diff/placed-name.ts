import type { ElfFile, ElfSymbol } from '../elf/elf-file.ts'
import type { AtomName } from './atom.ts'
import { isNumberedLabel } from './raw-reference.ts'

/** A symbol with its place. */
export interface PlacedName extends AtomName {
  readonly value: number
}

/** The names that people or the compiler gave to places, by the index of their section. */
export function namesBySection(elf: ElfFile): ReadonlyMap<number, readonly PlacedName[]> {
  const found = new Map<number, PlacedName[]>()
  let file: string | undefined
  for (const symbol of elf.symbols) {
    if (symbol.kind === 'file') file = symbol.name
    if (!isName(symbol)) continue
    const list = found.get(symbol.section) ?? []
    found.set(symbol.section, list)
    list.push({
      name: symbol.name,
      file: symbol.binding === 'local' ? (file ?? '') : undefined,
      kind: symbol.kind,
      offset: 0,
      byteLength: Number(symbol.byteLength),
      order: symbol.index,
      value: Number(symbol.value),
    })
  }
  return found
}

function isName(symbol: ElfSymbol): symbol is ElfSymbol & { readonly section: number } {
  if (typeof symbol.section !== 'number' || isNumberedLabel(symbol.name)) return false
  return symbol.kind === 'function' || symbol.kind === 'object' || symbol.kind === 'none'
}
