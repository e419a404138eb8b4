import type { ElfFile, ElfSymbol } from '../elf/elf-file.ts'
import type { AtomName } from './atom.ts'
import { isNumberedLabel } from './raw-reference.ts'

/** A symbol with its place. */
export interface PlacedName extends AtomName {
  readonly value: number
}

/**
 * The names that people or the compiler gave to places, by the index of their section.
 *
 * Without the labels inside of a section's only function, which assembler statements leave there:
 * they divide nothing. Xen marks so, once in an object, where a function goes on behind its end
 * (`SUBSECTION_LBL` in xen/arch/x86/include/asm/asm_defns.h).
 */
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
  return new Map([...found].map(([section, names]) => [section, withoutLabels(names)]))
}

function withoutLabels(names: readonly PlacedName[]): readonly PlacedName[] {
  const [only, ...more] = names.filter(({ kind }) => kind === 'function')
  if (only?.value !== 0 || more.length > 0) return names
  return names.filter(
    ({ kind, file, byteLength }) => kind !== 'none' || file === undefined || byteLength > 0,
  )
}

function isName(symbol: ElfSymbol): symbol is ElfSymbol & { readonly section: number } {
  if (typeof symbol.section !== 'number' || isNumberedLabel(symbol.name)) return false
  return symbol.kind === 'function' || symbol.kind === 'object' || symbol.kind === 'none'
}
