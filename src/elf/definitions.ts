/**
 * The numbers and structures of ELF64 that Reweave reads and writes.
 *
 * Sources: System V gABI, chapters 4 (Object Files) and 5 (Program Loading), cited below as
 * "gABI: section"; System V psABI for AMD64, section 4, for machine number and relocations; the
 * GNU note type from the Linux Standard Base, "Note Sections". Names are those of the sources.
 *
 * @module
 */

import type { StructLayout } from './struct-layout.ts'

/** gABI: ELF Identification. The first four bytes of every ELF file. */
export const MAGIC: readonly number[] = [0x7f, 0x45, 0x4c, 0x46]

/** gABI: ELF Identification. Where each of the identifying bytes lies in `e_ident`. */
export const EI = { CLASS: 4, DATA: 5, VERSION: 6, OSABI: 7, ABIVERSION: 8, NIDENT: 16 } as const

export const ELFCLASS32 = 1
export const ELFCLASS64 = 2
export const ELFDATA2LSB = 1
export const EV_CURRENT = 1

/** gABI: ELF Header, `e_type`. */
export const ET = { REL: 1, EXEC: 2, DYN: 3, CORE: 4 } as const

/** psABI AMD64 4.1: `e_machine`. */
export const EM_X86_64 = 62

/** gABI: Sections, "Special Section Indexes". */
export const SHN = {
  UNDEF: 0,
  LORESERVE: 0xff00,
  ABS: 0xfff1,
  COMMON: 0xfff2,
  XINDEX: 0xffff,
} as const

/** gABI: Sections, `sh_type`. */
export const SHT = {
  NULL: 0,
  PROGBITS: 1,
  SYMTAB: 2,
  STRTAB: 3,
  RELA: 4,
  NOTE: 7,
  NOBITS: 8,
  REL: 9,
} as const

/** gABI: Sections, `sh_flags`. */
export const SHF = {
  WRITE: 0x1n,
  ALLOC: 0x2n,
  EXECINSTR: 0x4n,
  MERGE: 0x10n,
  STRINGS: 0x20n,
  INFO_LINK: 0x40n,
} as const

/** gABI: Symbol Table, "Symbol Binding". 10 is GNU's, as are all from 10 to 12. */
export const STB = { LOCAL: 0, GLOBAL: 1, WEAK: 2, GNU_UNIQUE: 10 } as const

/** gABI: Symbol Table, "Symbol Types". 10 is GNU's. */
export const STT = {
  NOTYPE: 0,
  OBJECT: 1,
  FUNC: 2,
  SECTION: 3,
  FILE: 4,
  COMMON: 5,
  TLS: 6,
  GNU_IFUNC: 10,
} as const

/** gABI: Symbol Table, "Symbol Visibility". */
export const STV = { DEFAULT: 0, INTERNAL: 1, HIDDEN: 2, PROTECTED: 3 } as const

/** gABI: Program Header, `p_type`. */
export const PT = { NULL: 0, LOAD: 1, NOTE: 4 } as const

/** gABI: Program Header, `p_flags`. */
export const PF = { X: 1, W: 2, R: 4 } as const

/** LSB: Note Sections. The owner is `GNU`. */
export const NT_GNU_BUILD_ID = 3

/** psABI AMD64 4.4: relocation types that compilers and linkers make for code without GOT or TLS. */
export const R_X86_64 = {
  NONE: 0,
  64: 1,
  PC32: 2,
  PLT32: 4,
  32: 10,
  '32S': 11,
  16: 12,
  PC16: 13,
  8: 14,
  PC8: 15,
  PC64: 24,
} as const

/** psABI AMD64 4.4: how many bytes each relocation fills. */
export const RELOCATION_WIDTHS: ReadonlyMap<number, number> = new Map([
  [R_X86_64.NONE, 0],
  [R_X86_64[64], 8],
  [R_X86_64.PC32, 4],
  [R_X86_64.PLT32, 4],
  [R_X86_64[32], 4],
  [R_X86_64['32S'], 4],
  [R_X86_64[16], 2],
  [R_X86_64.PC16, 2],
  [R_X86_64[8], 1],
  [R_X86_64.PC8, 1],
  [R_X86_64.PC64, 8],
])

/** gABI: ELF Header (`Elf64_Ehdr`), behind `e_ident`. */
export const FILE_HEADER = {
  byteLength: 64,
  fields: {
    e_type: { at: 16, width: 2 },
    e_machine: { at: 18, width: 2 },
    e_version: { at: 20, width: 4 },
    e_entry: { at: 24, width: 8 },
    e_phoff: { at: 32, width: 8 },
    e_shoff: { at: 40, width: 8 },
    e_flags: { at: 48, width: 4 },
    e_ehsize: { at: 52, width: 2 },
    e_phentsize: { at: 54, width: 2 },
    e_phnum: { at: 56, width: 2 },
    e_shentsize: { at: 58, width: 2 },
    e_shnum: { at: 60, width: 2 },
    e_shstrndx: { at: 62, width: 2 },
  },
} as const satisfies StructLayout

/** gABI: Program Header (`Elf64_Phdr`). */
export const PROGRAM_HEADER = {
  byteLength: 56,
  fields: {
    p_type: { at: 0, width: 4 },
    p_flags: { at: 4, width: 4 },
    p_offset: { at: 8, width: 8 },
    p_vaddr: { at: 16, width: 8 },
    p_paddr: { at: 24, width: 8 },
    p_filesz: { at: 32, width: 8 },
    p_memsz: { at: 40, width: 8 },
    p_align: { at: 48, width: 8 },
  },
} as const satisfies StructLayout

/** gABI: Section Header (`Elf64_Shdr`). */
export const SECTION_HEADER = {
  byteLength: 64,
  fields: {
    sh_name: { at: 0, width: 4 },
    sh_type: { at: 4, width: 4 },
    sh_flags: { at: 8, width: 8 },
    sh_addr: { at: 16, width: 8 },
    sh_offset: { at: 24, width: 8 },
    sh_size: { at: 32, width: 8 },
    sh_link: { at: 40, width: 4 },
    sh_info: { at: 44, width: 4 },
    sh_addralign: { at: 48, width: 8 },
    sh_entsize: { at: 56, width: 8 },
  },
} as const satisfies StructLayout

/** gABI: Symbol Table (`Elf64_Sym`). `st_info` is binding << 4 | type. */
export const SYMBOL = {
  byteLength: 24,
  fields: {
    st_name: { at: 0, width: 4 },
    st_info: { at: 4, width: 1 },
    st_other: { at: 5, width: 1 },
    st_shndx: { at: 6, width: 2 },
    st_value: { at: 8, width: 8 },
    st_size: { at: 16, width: 8 },
  },
} as const satisfies StructLayout

/** gABI: Relocation (`Elf64_Rela`). `r_info` is symbol << 32 | type. */
export const RELA = {
  byteLength: 24,
  fields: {
    r_offset: { at: 0, width: 8 },
    r_info: { at: 8, width: 8 },
    r_addend: { at: 16, width: 8, signed: true },
  },
} as const satisfies StructLayout

/** gABI: Note Section. The name and the descriptor follow, each padded. */
export const NOTE_HEADER = {
  byteLength: 12,
  fields: {
    n_namesz: { at: 0, width: 4 },
    n_descsz: { at: 4, width: 4 },
    n_type: { at: 8, width: 4 },
  },
} as const satisfies StructLayout
