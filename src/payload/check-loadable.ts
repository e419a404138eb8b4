import { EI, FILE_HEADER, SECTION_HEADER, SHF, SHT } from '../elf/definitions.ts'
import type { ElfFile, ElfSection } from '../elf/elf-file.ts'
import { readStruct, viewOf } from '../elf/struct-layout.ts'
import { LINKED_TYPES, MAX_ALIGNMENT, MAX_PAYLOAD_BYTES, MAX_SECTIONS } from './livepatch-format.ts'
import type { PayloadRefusal } from './payload-refusal.ts'
import { sectionArea } from './section-area.ts'

/**
 * What Xen's ELF loader wants of any file, whatever it is for.
 *
 * Sources: xen/common/livepatch_elf.c and `move_payload` in xen/common/livepatch.c, with every check
 * of stable-4.7 to stable-4.21 together. Stricter where an old loader takes what it then mishandles:
 * an alignment of 0, of which it makes an offset of 0, and an alignment above a page.
 */
export function checkLoadable(bytes: Uint8Array, elf: ElfFile): PayloadRefusal | undefined {
  return (
    checkHeader(bytes, elf) ??
    checkStrings(elf) ??
    checkSections(bytes, elf) ??
    checkSymbols(elf) ??
    checkRelocations(elf)
  )
}

const ELFOSABI_NONE = 0
const ELFOSABI_FREEBSD = 9

function checkHeader(bytes: Uint8Array, elf: ElfFile): PayloadRefusal | undefined {
  if (elf.type !== 'relocatable') return { kind: 'not-relocatable', found: elf.type }
  const osAbi = bytes[EI.OSABI] ?? 0
  if (osAbi !== ELFOSABI_NONE && osAbi !== ELFOSABI_FREEBSD) {
    return { kind: 'bad-header', field: 'EI_OSABI', found: osAbi, wanted: '0 or 9' }
  }
  const abiVersion = bytes[EI.ABIVERSION] ?? 0
  if (abiVersion !== 0) {
    return { kind: 'bad-header', field: 'EI_ABIVERSION', found: abiVersion, wanted: '0' }
  }
  const { e_phnum, e_shnum } = readStruct(viewOf(bytes), 0, FILE_HEADER)
  if (e_phnum !== 0) {
    return { kind: 'bad-header', field: 'e_phnum', found: e_phnum, wanted: '0' }
  }
  if (e_shnum > MAX_SECTIONS) {
    return {
      kind: 'bad-header',
      field: 'e_shnum',
      found: e_shnum,
      wanted: `at most ${MAX_SECTIONS}`,
    }
  }
  return undefined
}

function checkStrings(elf: ElfFile): PayloadRefusal | undefined {
  const symtab = elf.sections.find(({ type }) => type === SHT.SYMTAB)
  if (symtab === undefined || elf.symbols.length === 0) return { kind: 'no-symbols' }
  for (const section of elf.sections) {
    if (section.type !== SHT.STRTAB) continue
    // Others than these two the loader does not read; it does no harm to want it of them as well.
    const text = section.bytes
    if (text === undefined || text[0] !== 0 || text.at(-1) !== 0) {
      return { kind: 'bad-strings', section: section.name }
    }
  }
  return undefined
}

function checkSections(bytes: Uint8Array, elf: ElfFile): PayloadRefusal | undefined {
  const view = viewOf(bytes)
  const { e_shoff } = readStruct(view, 0, FILE_HEADER)
  for (const section of elf.sections) {
    if (section.index === 0) continue
    const at = Number(e_shoff) + section.index * SECTION_HEADER.byteLength
    const { sh_offset } = readStruct(view, at, SECTION_HEADER)
    const refused = checkSection(section, sh_offset)
    if (refused !== undefined) return refused
  }
  return undefined
}

function checkSection(section: ElfSection, fileOffset: bigint): PayloadRefusal | undefined {
  const refuse = (field: string, found: bigint, wanted: string): PayloadRefusal => {
    return { kind: 'bad-section', section: section.name, field, found, wanted }
  }
  // The loader wants these of every section, of those without bytes and those not loaded too.
  if (fileOffset < BigInt(FILE_HEADER.byteLength)) {
    return refuse('sh_offset', fileOffset, `at least ${FILE_HEADER.byteLength}`)
  }
  if (section.alignment !== 0n && section.address % section.alignment !== 0n) {
    return refuse('sh_addr', section.address, 'a multiple of the alignment')
  }
  const area = sectionArea(section.flags)
  if (area === 'not-loaded') return undefined
  if (area === 'unsupported') {
    return refuse('sh_flags', section.flags, 'flags without writing and executing at once')
  }
  if (section.alignment === 0n || section.alignment > BigInt(MAX_ALIGNMENT)) {
    return refuse('sh_addralign', section.alignment, `from 1 to ${MAX_ALIGNMENT}`)
  }
  if (section.byteLength > BigInt(MAX_PAYLOAD_BYTES)) {
    return refuse('sh_size', section.byteLength, `at most ${MAX_PAYLOAD_BYTES}`)
  }
  if (section.type === SHT.NULL || NOT_LOADABLE.has(section.type)) {
    return refuse('sh_type', BigInt(section.type), 'a section with content of its own')
  }
  return undefined
}

/** Tables about the file, which mean nothing in memory. */
const NOT_LOADABLE: ReadonlySet<number> = new Set([SHT.SYMTAB, SHT.STRTAB, SHT.RELA, SHT.REL])

function checkSymbols(elf: ElfFile): PayloadRefusal | undefined {
  for (const { index, name, kind, section } of elf.symbols) {
    if (index === 0) continue
    const symbol = name === '' ? String(index) : name
    if (section === 'common' || kind === 'common') {
      return { kind: 'bad-symbol', symbol, found: 'is a common one, which gets no place' }
    }
    if (kind === 'thread-local' || kind === 'indirect-function') {
      return { kind: 'bad-symbol', symbol, found: `is a ${kind} one, which Xen has none of` }
    }
    if (section === 'undefined' && name === '') {
      return { kind: 'bad-symbol', symbol, found: 'is undefined and has no name' }
    }
  }
  return undefined
}

function checkRelocations(elf: ElfFile): PayloadRefusal | undefined {
  const read = new Set(elf.relocationTables.map(({ section }) => section))
  for (const section of elf.sections) {
    if (section.type !== SHT.RELA || read.has(section.index)) continue
    const found = BigInt(section.link)
    const wanted = 'the index of the symbol table'
    return { kind: 'bad-section', section: section.name, field: 'sh_link', found, wanted }
  }
  for (const table of elf.relocationTables) {
    const target = elf.sections[table.target]
    // The loader skips what is not loaded, such as debug information.
    if (target === undefined || (target.flags & SHF.ALLOC) === 0n) continue
    for (const { offset, type, symbol } of table.relocations) {
      const found = relocationFault(elf, target, type, symbol)
      if (found !== undefined) {
        return { kind: 'bad-relocation', section: target.name, offset, type, found }
      }
    }
  }
  return undefined
}

function relocationFault(
  elf: ElfFile,
  target: ElfSection,
  type: number,
  symbolIndex: number,
): string | undefined {
  if (!LINKED_TYPES.has(type)) return 'is of a type that Xen does not apply'
  if (symbolIndex === 0) return 'is against no symbol'
  if (target.bytes === undefined) return 'fills a section without bytes'
  const section = elf.symbols[symbolIndex]?.section
  if (typeof section !== 'number') return undefined
  const holder = elf.sections[section]
  const isLoaded = holder !== undefined && (holder.flags & SHF.ALLOC) !== 0n
  return isLoaded ? undefined : 'is against a symbol in a section that is not loaded'
}
