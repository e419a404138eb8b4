import type { ElfFile } from './elf-file.ts'
import { readFileHeader } from './file-header.ts'
import { readNotes } from './note.ts'
import type { ElfRefusal } from './refusal.ts'
import { readRelocationTables } from './relocation-table.ts'
import { readSections } from './section-table.ts'
import { readSegments } from './segment-table.ts'
import { readSymbols } from './symbol-table.ts'

export type ElfRead =
  | { readonly kind: 'read'; readonly elf: ElfFile }
  | { readonly kind: 'refused'; readonly refusal: ElfRefusal }

/**
 * Reads an ELF64 file for x86-64, relocatable or linked.
 *
 * The bytes may come from anywhere: whatever is wrong with them is a refusal that names the
 * field, never an exception, and the work grows at most in proportion to their number (times
 * its logarithm, for one sort). A file is read whole or not at all. The result holds views of
 * `bytes`, which must not change afterwards.
 */
export function readElf(bytes: Uint8Array): ElfRead {
  const header = readFileHeader(bytes)
  if (header.kind === 'refused') return header
  const { type } = header.value

  const segments = readSegments(bytes, header.value)
  if (segments.kind === 'refused') return segments
  const table = readSections(bytes, header.value)
  if (table.kind === 'refused') return table
  const symbols = readSymbols(table.value, type)
  if (symbols.kind === 'refused') return symbols
  const relocationTables = readRelocationTables(table.value, symbols.value, type)
  if (relocationTables.kind === 'refused') return relocationTables
  const notes = readNotes(table.value)
  if (notes.kind === 'refused') return notes

  const elf: ElfFile = {
    type,
    entry: header.value.raw.e_entry,
    segments: segments.value,
    sections: table.value.sections,
    symbols: symbols.value,
    relocationTables: relocationTables.value,
    notes: notes.value,
  }
  return { kind: 'read', elf }
}
