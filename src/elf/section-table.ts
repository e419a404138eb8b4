import { fileRange, isAlignment, wraps } from './bounds.ts'
import { SECTION_HEADER, SHN, SHT } from './definitions.ts'
import type { ElfSection } from './elf-file.ts'
import { type FileHeader, headerField } from './file-header.ts'
import { type Checked, type ElfField, type ElfRefused, read, refuse } from './refusal.ts'
import { readName } from './string-table.ts'
import { readStruct, type StructValues, viewOf } from './struct-layout.ts'

type RawSection = StructValues<typeof SECTION_HEADER>

/** Names a field of a section header, for a refusal. */
export type SectionField = (index: number, name: keyof typeof SECTION_HEADER.fields) => ElfField

export interface SectionTable {
  readonly sections: readonly ElfSection[]
  readonly field: SectionField
}

/**
 * Reads the section header table, with every section's name and bytes.
 *
 * Refuses sections that share a byte of the file, which the gABI forbids (Sections, the list of
 * conditions). That also bounds the work of all later steps by the file's length: without it a
 * thousand headers could each claim the whole file as a symbol or relocation table.
 */
export function readSections(bytes: Uint8Array, header: FileHeader): Checked<SectionTable> {
  const { e_shnum: count, e_shoff, e_shentsize, e_shstrndx } = header.raw
  const field: SectionField = (index, name) => ({
    part: `section header ${index}`,
    field: name,
    at: Number(e_shoff) + index * SECTION_HEADER.byteLength + SECTION_HEADER.fields[name].at,
  })
  if (count === 0 && e_shoff === 0n) return read({ sections: [], field })
  // gABI: ELF Header: a count of 0 beside a table means that the true one is in section 0.
  if (count === 0 || count >= SHN.LORESERVE) {
    return refuse('unsupported', headerField('e_shnum'), count, 'from 1 to 65279 sections')
  }
  if (e_shentsize !== SECTION_HEADER.byteLength) {
    return refuse('bad-value', headerField('e_shentsize'), e_shentsize, '0x40')
  }
  const table = fileRange(bytes, e_shoff, BigInt(count * SECTION_HEADER.byteLength), {
    offset: headerField('e_shoff'),
    byteLength: headerField('e_shnum'),
  })
  if (table.kind === 'refused') return table

  const view = viewOf(table.value)
  const raws = Array.from({ length: count }, (_, index) =>
    readStruct(view, index * SECTION_HEADER.byteLength, SECTION_HEADER),
  )
  const names = readNameTable(bytes, raws, e_shstrndx, field)
  if (names.kind === 'refused') return names

  const sections: ElfSection[] = []
  for (const [index, raw] of raws.entries()) {
    const section = readSection(bytes, raw, names.value, (name) => field(index, name), index)
    if (section.kind === 'refused') return section
    sections.push(section.value)
  }
  return findOverlap(sections, field) ?? read({ sections, field })
}

function readNameTable(
  bytes: Uint8Array,
  raws: readonly RawSection[],
  index: number,
  field: SectionField,
): Checked<Uint8Array> {
  const raw = raws[index]
  if (raw?.sh_type !== SHT.STRTAB) {
    return refuse('bad-index', headerField('e_shstrndx'), index, 'the index of a string table')
  }
  return fileRange(bytes, raw.sh_offset, raw.sh_size, {
    offset: field(index, 'sh_offset'),
    byteLength: field(index, 'sh_size'),
  })
}

function readSection(
  bytes: Uint8Array,
  raw: RawSection,
  names: Uint8Array,
  field: (name: keyof typeof SECTION_HEADER.fields) => ElfField,
  index: number,
): Checked<ElfSection> {
  if (index === SHN.UNDEF && raw.sh_type !== SHT.NULL) {
    return refuse('bad-value', field('sh_type'), raw.sh_type, '0x0, as section 0 is reserved')
  }
  // gABI: Sections, SHT_NULL: the other members mean nothing.
  if (raw.sh_type === SHT.NULL) return read(inactiveSection(index))

  const name = readName(names, raw.sh_name, field('sh_name'))
  if (name.kind === 'refused') return name
  if (wraps(raw.sh_addr, raw.sh_size)) {
    return refuse('wraps', field('sh_size'), raw.sh_size, 'an end within the address space')
  }
  if (!isAlignment(raw.sh_addralign)) {
    return refuse('bad-value', field('sh_addralign'), raw.sh_addralign, '0x0 or a power of two')
  }
  const common = {
    index,
    name: name.value,
    type: raw.sh_type,
    flags: raw.sh_flags,
    address: raw.sh_addr,
    byteLength: raw.sh_size,
    link: raw.sh_link,
    info: raw.sh_info,
    alignment: raw.sh_addralign,
    entryBytes: raw.sh_entsize,
  }
  if (raw.sh_type === SHT.NOBITS) return read({ ...common, fileOffset: 0, bytes: undefined })

  const content = fileRange(bytes, raw.sh_offset, raw.sh_size, {
    offset: field('sh_offset'),
    byteLength: field('sh_size'),
  })
  if (content.kind === 'refused') return content
  return read({ ...common, fileOffset: Number(raw.sh_offset), bytes: content.value })
}

function inactiveSection(index: number): ElfSection {
  return {
    index,
    name: '',
    type: SHT.NULL,
    flags: 0n,
    address: 0n,
    fileOffset: 0,
    byteLength: 0n,
    bytes: undefined,
    link: 0,
    info: 0,
    alignment: 0n,
    entryBytes: 0n,
  }
}

function findOverlap(sections: readonly ElfSection[], field: SectionField): ElfRefused | undefined {
  const inFile = sections
    .filter((section) => section.bytes !== undefined && section.byteLength > 0n)
    .toSorted((a, b) => a.fileOffset - b.fileOffset)
  let end = 0
  for (const section of inFile) {
    if (section.fileOffset < end) {
      const at = field(section.index, 'sh_offset')
      return refuse('overlap', at, section.fileOffset, `at least ${end}, behind the section before`)
    }
    end = section.fileOffset + Number(section.byteLength)
  }
  return undefined
}
