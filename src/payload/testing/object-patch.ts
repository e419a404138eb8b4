/**
 * Patches for tests, made from whole sections of an object file, without a diff.
 *
 * @module
 */

import type { Patch, Piece, PieceSymbol, PieceTarget, Replacement } from '../../diff/patch.ts'
import { SHF } from '../../elf/definitions.ts'
import type { ElfFile, ElfSection, ElfSymbol } from '../../elf/elf-file.ts'

export interface ObjectPatch {
  readonly elf: ElfFile
  /** `common/dm.o`, and the source that its static symbols are called after. */
  readonly object: string
  readonly file: string
  /** The functions to replace, and how long the old ones are. */
  readonly replaced: ReadonlyMap<string, number>
  /** Functions and variables that the hypervisor does not have. */
  readonly added?: readonly string[]
}

/** Every section that a replaced function reaches becomes one piece; the rest is the image's. */
export function patchFromObject(input: ObjectPatch): Patch {
  const { elf, object } = input
  const wanted = new Set([...input.replaced.keys(), ...(input.added ?? [])])
  const defined = elf.symbols.filter(
    (symbol) => wanted.has(symbol.name) && typeof symbol.section === 'number',
  )
  const included = reach(elf, defined)
  const idOf = (section: number): string =>
    `${object}:${elf.sections[section]?.name ?? ''}:${section}`
  const targetOf = (symbol: ElfSymbol): { target: PieceTarget; offset: bigint } => {
    if (typeof symbol.section === 'number' && included.has(symbol.section)) {
      const target = { kind: 'piece', piece: idOf(symbol.section), offset: 0 } as const
      return { target, offset: symbol.value }
    }
    const named = symbol.kind === 'section' ? firstIn(elf, symbol.section) : symbol
    const isStatic = named.section !== 'undefined' && named.binding === 'local'
    const file = isStatic ? input.file : undefined
    return {
      target: { kind: 'image', symbol: { name: named.name, file } },
      offset: symbol.value - (named.section === 'undefined' ? 0n : named.value),
    }
  }
  const pieces = [...included]
    .toSorted((a, b) => a - b)
    .map((index): Piece => {
      const section = elf.sections[index] as ElfSection
      const table = elf.relocationTables.find(({ target }) => target === index)
      return {
        id: idOf(index),
        object,
        section: section.name,
        flags: section.flags,
        entryBytes: Number(section.entryBytes),
        alignment: Math.max(Number(section.alignment), 1),
        content: section.bytes ?? { byteLength: Number(section.byteLength) },
        relocations: (table?.relocations ?? []).map((relocation) => {
          const { target, offset } = targetOf(elf.symbols[relocation.symbol] as ElfSymbol)
          const addend = relocation.addend + offset
          return { at: Number(relocation.offset), type: relocation.type, target, addend }
        }),
      }
    })
  const nameOf = (symbol: ElfSymbol): { name: string; file: string | undefined } => ({
    name: symbol.name,
    file: symbol.binding === 'local' ? input.file : undefined,
  })
  return {
    pieces,
    symbols: defined.map((symbol): PieceSymbol => ({
      ...nameOf(symbol),
      kind: symbol.kind === 'function' ? 'function' : 'object',
      piece: idOf(symbol.section as number),
      offset: Number(symbol.value),
      byteLength: Number(symbol.byteLength),
    })),
    replacements: defined
      .filter(({ name }) => input.replaced.has(name))
      .map((symbol): Replacement => ({
        symbol: nameOf(symbol),
        piece: idOf(symbol.section as number),
        oldByteLength: input.replaced.get(symbol.name) ?? 0,
        newByteLength: Number(symbol.byteLength),
      })),
  }
}

/** The sections of the symbols, the strings and special sections that belong to them. */
function reach(elf: ElfFile, symbols: readonly ElfSymbol[]): Set<number> {
  const included = new Set(symbols.map(({ section }) => section as number))
  const open = [...included]
  for (const [index, section] of elf.sections.entries()) {
    if (/^\.(altinst|bug_frames|ex_table|fixup)/.test(section.name) && section.byteLength > 0n) {
      included.add(index)
      open.push(index)
    }
  }
  for (let section = open.pop(); section !== undefined; section = open.pop()) {
    const table = elf.relocationTables.find(({ target }) => target === section)
    for (const { symbol } of table?.relocations ?? []) {
      const target = elf.symbols[symbol]?.section
      if (typeof target !== 'number' || included.has(target)) continue
      if (!/^\.(rodata|altinst|fixup)/.test(elf.sections[target]?.name ?? '')) continue
      included.add(target)
      open.push(target)
    }
  }
  for (const index of included) {
    if (((elf.sections[index]?.flags ?? 0n) & SHF.ALLOC) === 0n) included.delete(index)
  }
  return included
}

function firstIn(elf: ElfFile, section: ElfSymbol['section']): ElfSymbol {
  const found = elf.symbols.find(
    (symbol) => symbol.section === section && symbol.name !== '' && symbol.value === 0n,
  )
  if (found === undefined) throw new Error(`Nothing is named in section ${String(section)}`)
  return found
}
