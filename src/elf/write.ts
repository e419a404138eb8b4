import {
  EI,
  ELFCLASS64,
  ELFDATA2LSB,
  EM_X86_64,
  ET,
  EV_CURRENT,
  FILE_HEADER,
  MAGIC,
  PROGRAM_HEADER,
  RELA,
  SECTION_HEADER,
  SHF,
  SHN,
  SHT,
  SYMBOL,
} from './definitions.ts'
import { type ElfDraft, ElfDraftError, type SectionDraft } from './draft.ts'
import { encodeRelocations, encodeSymbols, orderSymbols } from './encode-tables.ts'
import { alignUp, layOutFile, type PlacedSegment } from './file-layout.ts'
import { StringTableBuilder } from './string-table-builder.ts'
import { viewOf, writeStruct } from './struct-layout.ts'

/** A section as it goes into the file: the draft's own, or one made for it. */
interface NumberedSection {
  readonly draft: SectionDraft
  readonly link: number
  readonly info: number
}

/**
 * The bytes of an ELF64 file for x86-64.
 *
 * Laid out as assemblers and linkers do: headers, the draft's sections, its relocation
 * tables, `.symtab`, `.strtab`, `.shstrtab`, and the section headers last.
 * Equal drafts give equal bytes.
 *
 * @throws ElfDraftError when the draft contradicts itself
 * @throws RangeError when a number does not fit its field
 */
export function writeElf(draft: ElfDraft): Uint8Array {
  const segments = draft.segments ?? []
  const sections = withTables(draft)
  const names = new StringTableBuilder()
  for (const { draft: section } of sections) names.add(section.name)
  names.add('.shstrtab')
  sections.push({ draft: table('.shstrtab', SHT.STRTAB, names.toBytes()), link: 0, info: 0 })

  const drafts = sections.map((section) => section.draft)
  const layout = layOutFile(drafts, segments)
  const headersAt = alignUp(layout.end, 8)
  const sectionCount = sections.length + 1
  if (sectionCount >= SHN.LORESERVE) {
    throw new ElfDraftError(`${sectionCount} sections are more than one file numbers`)
  }
  const bytes = new Uint8Array(headersAt + sectionCount * SECTION_HEADER.byteLength)
  const view = viewOf(bytes)

  writeFileHeader(bytes, draft, { headersAt, sectionCount, segmentCount: segments.length })
  for (const [index, segment] of layout.segments.entries()) {
    writeProgramHeader(view, FILE_HEADER.byteLength + index * PROGRAM_HEADER.byteLength, segment)
  }
  for (const [index, { draft: section, link, info }] of sections.entries()) {
    const offset = layout.sectionOffsets.get(section) ?? 0
    if (section.content instanceof Uint8Array) bytes.set(section.content, offset)
    writeStruct(view, headersAt + (index + 1) * SECTION_HEADER.byteLength, SECTION_HEADER, {
      sh_name: names.add(section.name),
      sh_type: section.type,
      sh_flags: section.flags,
      sh_addr: section.address ?? 0n,
      sh_offset: BigInt(offset),
      sh_size: BigInt(section.content.byteLength),
      sh_link: link,
      sh_info: info,
      sh_addralign: BigInt(section.alignment ?? 1),
      sh_entsize: BigInt(section.entryBytes ?? 0),
    })
  }
  return bytes
}

/** The draft's sections, with the relocation, symbol and string tables behind them. */
function withTables(draft: ElfDraft): NumberedSection[] {
  for (const section of draft.sections) checkContent(section)
  const numbered = draft.sections.map((section) => ({ draft: section, link: 0, info: 0 }))
  const indexes = new Map(draft.sections.map((section, index) => [section, index + 1]))
  if (indexes.size !== draft.sections.length) {
    throw new ElfDraftError('The draft lists one section twice')
  }
  const tables = draft.relocationTables ?? []
  const ordered = orderSymbols(draft.symbols ?? [])
  if (ordered.indexes.size !== ordered.symbols.length) {
    throw new ElfDraftError('The draft lists one symbol twice')
  }
  if (ordered.symbols.length === 0 && tables.length === 0) return numbered

  const strings = new StringTableBuilder()
  const symbols = encodeSymbols(ordered, indexes, strings)
  const symtabIndex = numbered.length + tables.length + 1
  const relocationTables = tables.map(({ target, relocations }) => {
    const info = indexes.get(target)
    if (info === undefined) {
      throw new ElfDraftError(`Relocations are for ${target.name}, which the draft lacks`)
    }
    const content = encodeRelocations(relocations, ordered.indexes)
    const section = {
      ...table(`.rela${target.name}`, SHT.RELA, content),
      flags: SHF.INFO_LINK,
      alignment: 8,
      entryBytes: RELA.byteLength,
    }
    return { draft: section, link: symtabIndex, info }
  })
  const symtab = {
    draft: {
      ...table('.symtab', SHT.SYMTAB, symbols),
      alignment: 8,
      entryBytes: SYMBOL.byteLength,
    },
    link: symtabIndex + 1,
    info: ordered.firstGlobal,
  }
  const strtab = { draft: table('.strtab', SHT.STRTAB, strings.toBytes()), link: 0, info: 0 }
  return [...numbered, ...relocationTables, symtab, strtab]
}

function table(name: string, type: number, content: Uint8Array): SectionDraft {
  return { name, type, flags: 0n, content }
}

function checkContent(section: SectionDraft): void {
  const hasBytes = section.content instanceof Uint8Array
  if (hasBytes !== (section.type !== SHT.NOBITS)) {
    throw new ElfDraftError(`${section.name} has bytes if and only if it is not SHT_NOBITS`)
  }
}

function writeFileHeader(
  bytes: Uint8Array,
  draft: ElfDraft,
  counts: { headersAt: number; sectionCount: number; segmentCount: number },
): void {
  bytes.set(MAGIC)
  bytes[EI.CLASS] = ELFCLASS64
  bytes[EI.DATA] = ELFDATA2LSB
  bytes[EI.VERSION] = EV_CURRENT
  const hasSegments = counts.segmentCount > 0
  writeStruct(viewOf(bytes), 0, FILE_HEADER, {
    e_type: draft.type === 'relocatable' ? ET.REL : ET.EXEC,
    e_machine: EM_X86_64,
    e_version: EV_CURRENT,
    e_entry: draft.entry ?? 0n,
    e_phoff: hasSegments ? BigInt(FILE_HEADER.byteLength) : 0n,
    e_shoff: BigInt(counts.headersAt),
    e_flags: 0,
    e_ehsize: FILE_HEADER.byteLength,
    e_phentsize: hasSegments ? PROGRAM_HEADER.byteLength : 0,
    e_phnum: counts.segmentCount,
    e_shentsize: SECTION_HEADER.byteLength,
    e_shnum: counts.sectionCount,
    e_shstrndx: counts.sectionCount - 1,
  })
}

function writeProgramHeader(view: DataView, at: number, segment: PlacedSegment): void {
  writeStruct(view, at, PROGRAM_HEADER, {
    p_type: segment.draft.type,
    p_flags: segment.draft.flags,
    p_offset: BigInt(segment.fileOffset),
    p_vaddr: segment.virtualStart,
    p_paddr: segment.draft.physicalStart ?? segment.virtualStart,
    p_filesz: BigInt(segment.fileBytes),
    p_memsz: BigInt(segment.memoryBytes),
    p_align: BigInt(segment.draft.alignment ?? 1),
  })
}
