import { hex } from '../address/address.ts'
import { entryCount, wraps } from './bounds.ts'
import { SHN, SHT, STB, STT, STV, SYMBOL } from './definitions.ts'
import type {
  ElfSection,
  ElfSymbol,
  ElfSymbolBinding,
  ElfSymbolKind,
  ElfType,
  ElfVisibility,
} from './elf-file.ts'
import { type Checked, type ElfField, read, refuse } from './refusal.ts'
import type { SectionTable } from './section-table.ts'
import { readName } from './string-table.ts'
import { readStruct, type StructValues, viewOf } from './struct-layout.ts'

export const SYMBOL_KINDS: Readonly<Record<ElfSymbolKind, number>> = {
  none: STT.NOTYPE,
  object: STT.OBJECT,
  function: STT.FUNC,
  section: STT.SECTION,
  file: STT.FILE,
  common: STT.COMMON,
  'thread-local': STT.TLS,
  'indirect-function': STT.GNU_IFUNC,
}

export const SYMBOL_BINDINGS: Readonly<Record<ElfSymbolBinding, number>> = {
  local: STB.LOCAL,
  global: STB.GLOBAL,
  weak: STB.WEAK,
  unique: STB.GNU_UNIQUE,
}

export const VISIBILITIES: Readonly<Record<ElfVisibility, number>> = {
  default: STV.DEFAULT,
  internal: STV.INTERNAL,
  hidden: STV.HIDDEN,
  protected: STV.PROTECTED,
}

const KIND_BY_NUMBER = inverse(SYMBOL_KINDS)
const BINDING_BY_NUMBER = inverse(SYMBOL_BINDINGS)
const VISIBILITY_BY_NUMBER = inverse(VISIBILITIES)

/** Where symbols are read from, and what they may refer to. */
interface SymbolSource {
  readonly type: ElfType
  readonly sections: readonly ElfSection[]
  readonly names: Uint8Array
  readonly fileOffset: number
}

/** The section of the one symbol table, if the file has one. */
export function symbolSection(sections: readonly ElfSection[]): ElfSection | undefined {
  return sections.find((section) => section.type === SHT.SYMTAB)
}

/** Reads `.symtab`, entry 0 included. A file without one has no symbols. */
export function readSymbols(table: SectionTable, type: ElfType): Checked<ElfSymbol[]> {
  const { sections, field } = table
  const section = symbolSection(sections)
  if (section?.bytes === undefined) return read([])
  const another = sections.find((other) => other.type === SHT.SYMTAB && other !== section)
  if (another !== undefined) {
    const at = field(another.index, 'sh_type')
    return refuse('bad-value', at, another.type, 'one symbol table in a file')
  }
  const names = sections[section.link]
  if (names?.type !== SHT.STRTAB || names.bytes === undefined) {
    const at = field(section.index, 'sh_link')
    return refuse('bad-index', at, section.link, 'the index of a string table')
  }
  const count = entryCount(section.bytes, section.entryBytes, SYMBOL.byteLength, {
    entryBytes: field(section.index, 'sh_entsize'),
    byteLength: field(section.index, 'sh_size'),
  })
  if (count.kind === 'refused') return count
  // gABI: Sections, sh_link and sh_info: one more than the index of the last local symbol.
  if (section.info > count.value) {
    const at = field(section.index, 'sh_info')
    return refuse('bad-index', at, section.info, `at most ${hex(count.value)}`)
  }

  const source = { type, sections, names: names.bytes, fileOffset: section.fileOffset }
  const view = viewOf(section.bytes)
  const symbols: ElfSymbol[] = []
  for (let index = 0; index < count.value; index += 1) {
    const raw = readStruct(view, index * SYMBOL.byteLength, SYMBOL)
    const symbol = readSymbol(raw, index, source)
    if (symbol.kind === 'refused') return symbol
    symbols.push(symbol.value)
  }
  return read(symbols)
}

function readSymbol(
  raw: StructValues<typeof SYMBOL>,
  index: number,
  source: SymbolSource,
): Checked<ElfSymbol> {
  const field = (name: keyof typeof SYMBOL.fields): ElfField => ({
    part: `symbol ${index}`,
    field: name,
    at: source.fileOffset + index * SYMBOL.byteLength + SYMBOL.fields[name].at,
  })
  const name = readName(source.names, raw.st_name, field('st_name'))
  if (name.kind === 'refused') return name
  const kind = KIND_BY_NUMBER.get(raw.st_info & 0xf)
  const binding = BINDING_BY_NUMBER.get(raw.st_info >> 4)
  if (kind === undefined || binding === undefined) {
    return refuse('bad-value', field('st_info'), raw.st_info, 'a known binding and type')
  }
  // The upper bits of st_other mean nothing on x86-64.
  const visibility = VISIBILITY_BY_NUMBER.get(raw.st_other & 0x3) ?? 'default'
  const section = sectionOf(raw.st_shndx, source.sections, field('st_shndx'))
  if (section.kind === 'refused') return section

  if (wraps(raw.st_value, raw.st_size)) {
    return refuse('wraps', field('st_size'), raw.st_size, 'an end within the address space')
  }
  if (source.type === 'relocatable' && typeof section.value === 'number') {
    const held = source.sections[section.value]?.byteLength ?? 0n
    if (raw.st_value + raw.st_size > held) {
      const wanted = `an end within the ${hex(held)} bytes of section ${section.value}`
      return refuse('out-of-bounds', field('st_value'), raw.st_value, wanted)
    }
  }
  return read({
    index,
    name: name.value,
    kind,
    binding,
    visibility,
    section: section.value,
    value: raw.st_value,
    byteLength: raw.st_size,
  })
}

function sectionOf(
  index: number,
  sections: readonly ElfSection[],
  field: ElfField,
): Checked<ElfSymbol['section']> {
  if (index === SHN.UNDEF) return read('undefined')
  if (index === SHN.ABS) return read('absolute')
  if (index === SHN.COMMON) return read('common')
  if (index >= SHN.LORESERVE) {
    return refuse('unsupported', field, index, 'a section, or 0xfff1 or 0xfff2 for none')
  }
  if (index >= sections.length) {
    return refuse('bad-index', field, index, `an index below ${hex(sections.length)}`)
  }
  return read(index)
}

function inverse<Name extends string>(
  numbers: Readonly<Record<Name, number>>,
): ReadonlyMap<number, Name> {
  const entries = Object.entries(numbers) as [Name, number][]
  return new Map(entries.map(([name, number]) => [number, name]))
}
