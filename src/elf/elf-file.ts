/** What an ELF file is for. */
export type ElfType = 'relocatable' | 'executable' | 'shared' | 'core'

/**
 * One ELF64 file for x86-64, read whole.
 *
 * Everything in it was checked against the file's length and against the rest: an index names
 * an entry that exists, and no range leaves the file or wraps around the address space. Byte
 * arrays are views of the input, not copies.
 */
export interface ElfFile {
  readonly type: ElfType
  readonly entry: bigint
  readonly segments: readonly ElfSegment[]
  /** By section index; number 0 is the reserved empty one. */
  readonly sections: readonly ElfSection[]
  /** By symbol index; number 0 is the reserved empty one. Empty where there is no `.symtab`. */
  readonly symbols: readonly ElfSymbol[]
  /** The tables against `.symtab`. Those for a dynamic linker are left as sections. */
  readonly relocationTables: readonly ElfRelocationTable[]
  readonly notes: readonly ElfNote[]
}

/** A run of memory that a loader fills from the file, or a note about it. */
export interface ElfSegment {
  /** `p_type`, one of `PT` or of an operating system's own. */
  readonly type: number
  /** `p_flags`, a sum of `PF`. */
  readonly flags: number
  readonly fileOffset: number
  readonly virtualStart: bigint
  readonly physicalStart: bigint
  /** What the file holds of it; the rest of `memoryBytes` is zero. */
  readonly bytes: Uint8Array
  readonly memoryBytes: bigint
}

export interface ElfSection {
  readonly index: number
  readonly name: string
  /** `sh_type`, one of `SHT` or of an operating system's own. */
  readonly type: number
  /** `sh_flags`, a sum of `SHF`. */
  readonly flags: bigint
  readonly address: bigint
  readonly fileOffset: number
  readonly byteLength: bigint
  /** Undefined for sections that take no room in the file, such as `.bss`. */
  readonly bytes: Uint8Array | undefined
  readonly link: number
  readonly info: number
  readonly alignment: bigint
  readonly entryBytes: bigint
}

export type ElfSymbolKind =
  | 'none'
  | 'object'
  | 'function'
  | 'section'
  | 'file'
  | 'common'
  | 'thread-local'
  | 'indirect-function'

export type ElfSymbolBinding = 'local' | 'global' | 'weak' | 'unique'

export type ElfVisibility = 'default' | 'internal' | 'hidden' | 'protected'

export interface ElfSymbol {
  readonly index: number
  readonly name: string
  readonly kind: ElfSymbolKind
  readonly binding: ElfSymbolBinding
  readonly visibility: ElfVisibility
  /** The index of the section that the symbol is defined in, or why there is none. */
  readonly section: number | 'undefined' | 'absolute' | 'common'
  /** An offset into the section in a relocatable file, a virtual address in an executable one. */
  readonly value: bigint
  readonly byteLength: bigint
}

/** The relocations of one section. */
export interface ElfRelocationTable {
  /** The index of the `.rela` section itself. */
  readonly section: number
  /** The index of the section that is relocated. */
  readonly target: number
  readonly relocations: readonly ElfRelocation[]
}

export interface ElfRelocation {
  /** Into the target section in a relocatable file, a virtual address in an executable one. */
  readonly offset: bigint
  /** `R_X86_64` names the common ones. */
  readonly type: number
  /** A symbol index; 0 stands for no symbol. */
  readonly symbol: number
  readonly addend: bigint
}

export interface ElfNote {
  /** The index of the section that the note lies in. */
  readonly section: number
  readonly owner: string
  readonly type: number
  readonly descriptor: Uint8Array
  /** Where the descriptor begins in its section. */
  readonly descriptorAt: number
}
