import type { ElfSymbolBinding, ElfSymbolKind, ElfVisibility } from './elf-file.ts'

/**
 * An ELF64 file to be written.
 *
 * Sections and symbols refer to each other by identity, so that two of one name do no harm and
 * nothing has to be numbered. The symbol table, the string tables and the relocation sections
 * are made by `writeElf` and are not listed.
 */
export interface ElfDraft {
  readonly type: 'relocatable' | 'executable'
  readonly entry?: bigint
  /** In the order of the file. */
  readonly sections: readonly SectionDraft[]
  /**
   * Local symbols are moved before all others, as the gABI wants, and keep their order: those
   * behind a `file` symbol belong to that source file. With none, no symbol table is written.
   */
  readonly symbols?: readonly SymbolDraft[]
  readonly relocationTables?: readonly RelocationTableDraft[]
  readonly segments?: readonly SegmentDraft[]
}

export interface SectionDraft {
  readonly name: string
  /** `sh_type`, one of `SHT`. */
  readonly type: number
  /** `sh_flags`, a sum of `SHF`. */
  readonly flags: bigint
  /** 0 when absent, as in relocatable files. */
  readonly address?: bigint
  /** A power of two; 1 when absent. */
  readonly alignment?: number
  /** `sh_entsize`, for tables and mergeable strings; 0 when absent. */
  readonly entryBytes?: number
  /** The bytes, or for `SHT_NOBITS` their number. */
  readonly content: Uint8Array | { readonly byteLength: number }
}

export interface SymbolDraft {
  readonly name: string
  readonly kind: ElfSymbolKind
  readonly binding: ElfSymbolBinding
  /** `default` when absent. */
  readonly visibility?: ElfVisibility
  readonly section: SectionDraft | 'undefined' | 'absolute' | 'common'
  readonly value: bigint
  /** 0 when absent. */
  readonly byteLength?: bigint
}

/** The relocations of one section, written as `.rela` and its name. */
export interface RelocationTableDraft {
  readonly target: SectionDraft
  readonly relocations: readonly RelocationDraft[]
}

export interface RelocationDraft {
  readonly offset: bigint
  /** One of `R_X86_64`. */
  readonly type: number
  /** Absent for a relocation against no symbol. */
  readonly symbol?: SymbolDraft
  readonly addend: bigint
}

/**
 * A segment over sections that lie one behind the other, by rising address.
 *
 * Their distances in the file are those in memory, and the gaps hold zeros, in the file as in
 * memory. Only the last ones may be `SHT_NOBITS`.
 */
export interface SegmentDraft {
  /** `p_type`, one of `PT`. */
  readonly type: number
  /** `p_flags`, a sum of `PF`. */
  readonly flags: number
  readonly sections: readonly SectionDraft[]
  /** `p_paddr`; equal to the virtual address when absent. */
  readonly physicalStart?: bigint
  /** A power of two, at least the sections' own; 1 when absent. */
  readonly alignment?: number
}

/** A draft contradicts itself: a fault of the program that made it. */
export class ElfDraftError extends Error {
  override readonly name = 'ElfDraftError'
  readonly code = 'elf-draft'
}
