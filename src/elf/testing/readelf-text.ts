/**
 * Brings what GNU readelf prints, and what `readElf` reads, into one form that can be compared.
 *
 * @module
 */

import { R_X86_64, SHT } from '../definitions.ts'
import type { ElfFile, ElfSymbol } from '../elf-file.ts'

/** The facts that both know about one file, a line each. */
export interface ListedElf {
  readonly sections: readonly string[]
  readonly symbols: readonly string[]
  readonly relocations: readonly string[]
}

const SECTION =
  /^\s*\[\s*(\d+)\] (\S*)\s+([A-Z]\w+)\s+([0-9a-f]{16}) ([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]{2})\s+[A-Z]*\s+(\d+)\s+(\d+)\s+(\d+)$/
const SYMBOL = /^\s*(\d+): ([0-9a-f]{16})\s+(\d+|0x[0-9a-f]+) (\w+)\s+(\w+)\s+(\w+)\s+(\w+) ?(\S*)$/
const RELOCATION =
  /^([0-9a-f]{16})\s+([0-9a-f]{16}) R_X86_64_(\w+)\s+[0-9a-f]{16}.* ([+-]) ([0-9a-f]+)$/

/** Reads the output of `readelf -SsrW`. */
export function listReadelf(text: string): ListedElf {
  const sections: string[] = []
  const symbols: string[] = []
  const relocations: string[] = []
  for (const line of text.split('\n')) {
    const section = SECTION.exec(line)?.slice(1)
    const symbol = SYMBOL.exec(line)?.slice(1)
    const relocation = RELOCATION.exec(line)?.slice(1)
    if (section !== undefined) {
      const [index, name, type, address, offset, size, entry, link, info, align] = section
      // Where a section without bytes would lie in the file has no meaning.
      const at = type === 'NOBITS' ? '-' : short(offset)
      sections.push(
        [index, name, type, short(address), at, short(size), short(entry), link, info, align].join(
          ' ',
        ),
      )
    } else if (symbol !== undefined) {
      const [index, value, size = '', type, binding, visibility, where, name = ''] = symbol
      // readelf turns to hexadecimal for large sizes, and shows a section's name for its nameless symbol.
      const shown = type === 'SECTION' ? '' : name
      symbols.push(
        [index, short(value), BigInt(size), type, binding, visibility, where, shown].join(' '),
      )
    } else if (relocation !== undefined) {
      const [offset, info = '', type, sign, addend] = relocation
      const number = Number.parseInt(info.slice(0, 8), 16)
      const signed = BigInt(`0x${addend ?? ''}`) * (sign === '-' ? -1n : 1n)
      relocations.push([short(offset), type, number, signed].join(' '))
    }
  }
  return { sections, symbols, relocations }
}

/** Lists what `readElf` read. */
export function listElf(elf: ElfFile): ListedElf {
  return {
    sections: elf.sections.map((section) =>
      [
        section.index,
        section.name,
        nameOf(SHT, section.type),
        section.address.toString(16),
        section.type === SHT.NOBITS ? '-' : section.fileOffset.toString(16),
        section.byteLength.toString(16),
        section.entryBytes.toString(16),
        section.link,
        section.info,
        section.alignment,
      ].join(' '),
    ),
    symbols: elf.symbols.map((symbol) =>
      [
        symbol.index,
        symbol.value.toString(16),
        symbol.byteLength,
        KINDS[symbol.kind],
        symbol.binding.toUpperCase(),
        symbol.visibility.toUpperCase(),
        WHERE.get(symbol.section) ?? symbol.section,
        symbol.name,
      ].join(' '),
    ),
    relocations: elf.relocationTables.flatMap((table) =>
      table.relocations.map(({ offset, type, symbol, addend }) =>
        [offset.toString(16), nameOf(R_X86_64, type), symbol, addend].join(' '),
      ),
    ),
  }
}

const KINDS: Readonly<Record<ElfSymbol['kind'], string>> = {
  none: 'NOTYPE',
  object: 'OBJECT',
  function: 'FUNC',
  section: 'SECTION',
  file: 'FILE',
  common: 'COMMON',
  'thread-local': 'TLS',
  'indirect-function': 'IFUNC',
}

const WHERE: ReadonlyMap<ElfSymbol['section'], string> = new Map([
  ['undefined', 'UND'],
  ['absolute', 'ABS'],
  ['common', 'COM'],
])

function nameOf(names: Readonly<Record<string, number>>, value: number): string {
  return Object.entries(names).find(([, number]) => number === value)?.[0] ?? String(value)
}

function short(digits: string | undefined): string {
  return BigInt(`0x${digits ?? ''}`).toString(16)
}
