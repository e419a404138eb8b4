import { hex } from '../address/address.ts'
import { entryCount } from './bounds.ts'
import { RELA, RELOCATION_WIDTHS, SHT } from './definitions.ts'
import type {
  ElfRelocation,
  ElfRelocationTable,
  ElfSection,
  ElfSymbol,
  ElfType,
} from './elf-file.ts'
import { type Checked, type ElfField, read, refuse } from './refusal.ts'
import type { SectionTable } from './section-table.ts'
import { readStruct, viewOf } from './struct-layout.ts'
import { symbolSection } from './symbol-table.ts'

/**
 * Reads every RELA section that refers to `.symtab`.
 *
 * Those that refer to another symbol table, or to none, are for a dynamic linker and are left
 * alone. REL sections are refused: x86-64 has none (psABI AMD64 4.4).
 */
export function readRelocationTables(
  table: SectionTable,
  symbols: readonly ElfSymbol[],
  type: ElfType,
): Checked<ElfRelocationTable[]> {
  const symtab = symbolSection(table.sections)
  const tables: ElfRelocationTable[] = []
  for (const section of table.sections) {
    if (section.type === SHT.REL) {
      const at = table.field(section.index, 'sh_type')
      return refuse('unsupported', at, section.type, 'relocations with addends (RELA)')
    }
    if (section.type !== SHT.RELA || symtab === undefined) continue
    if (section.link !== symtab.index) continue
    const relocations = readTable(section, table, symbols, type)
    if (relocations.kind === 'refused') return relocations
    tables.push(relocations.value)
  }
  return read(tables)
}

function readTable(
  section: ElfSection,
  { sections, field }: SectionTable,
  symbols: readonly ElfSymbol[],
  type: ElfType,
): Checked<ElfRelocationTable> {
  const bytes = section.bytes ?? new Uint8Array()
  const target = sections[section.info]
  if (target === undefined || target.type === SHT.NULL) {
    const at = field(section.index, 'sh_info')
    return refuse('bad-index', at, section.info, 'the index of the section to relocate')
  }
  const count = entryCount(bytes, section.entryBytes, RELA.byteLength, {
    entryBytes: field(section.index, 'sh_entsize'),
    byteLength: field(section.index, 'sh_size'),
  })
  if (count.kind === 'refused') return count

  const view = viewOf(bytes)
  const relocations: ElfRelocation[] = []
  for (let index = 0; index < count.value; index += 1) {
    const raw = readStruct(view, index * RELA.byteLength, RELA)
    const at = (name: keyof typeof RELA.fields): ElfField => ({
      part: `relocation ${index} of section ${section.index}`,
      field: name,
      at: section.fileOffset + index * RELA.byteLength + RELA.fields[name].at,
    })
    const symbol = Number(raw.r_info >> 32n)
    const relocation = Number(raw.r_info & 0xffff_ffffn)
    if (symbol !== 0 && symbol >= symbols.length) {
      return refuse('bad-index', at('r_info'), symbol, `a symbol below ${hex(symbols.length)}`)
    }
    const width = BigInt(RELOCATION_WIDTHS.get(relocation) ?? 0)
    if (type === 'relocatable' && raw.r_offset + width > target.byteLength) {
      const wanted = `an end within the ${hex(target.byteLength)} bytes of section ${target.index}`
      return refuse('out-of-bounds', at('r_offset'), raw.r_offset, wanted)
    }
    relocations.push({ offset: raw.r_offset, type: relocation, symbol, addend: raw.r_addend })
  }
  return read({ section: section.index, target: target.index, relocations })
}
