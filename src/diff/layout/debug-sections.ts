import { R_X86_64 } from '../../elf/definitions.ts'
import type { ElfFile, ElfRelocation, ElfSection } from '../../elf/elf-file.ts'
import { DebugInfoFault } from './debug-info-refusal.ts'

/** The sections of DWARF that tell of types, with their relocations applied. */
export interface DebugSections {
  readonly info: Uint8Array
  readonly abbrev: Uint8Array
  readonly str: Uint8Array
  readonly lineStr: Uint8Array
}

/** gABI: Section Attribute Flags, SHF_COMPRESSED. */
const SHF_COMPRESSED = 0x800n

/**
 * Finds the sections of an object. Throws `DebugInfoFault` where they are missing or not readable.
 *
 * In a relocatable file, offsets from one section of DWARF into another are relocations against
 * that section; addresses of code are as well, and do not matter here.
 */
export function findDebugSections(elf: ElfFile): DebugSections {
  const info = sectionOf(elf, '.debug_info')
  if (info?.bytes === undefined || info.bytes.length === 0) {
    throw new DebugInfoFault({ kind: 'no-debug-info' })
  }
  const abbrev = sectionOf(elf, '.debug_abbrev')?.bytes
  if (abbrev === undefined) unreadable('.debug_info', 0, 'no .debug_abbrev beside it', 'one')
  return {
    info: relocated(elf, info, info.bytes),
    abbrev,
    str: sectionOf(elf, '.debug_str')?.bytes ?? new Uint8Array(),
    lineStr: sectionOf(elf, '.debug_line_str')?.bytes ?? new Uint8Array(),
  }
}

/** The one section of the name. Two of them, as groups of types have, are not understood. */
function sectionOf(elf: ElfFile, name: string): ElfSection | undefined {
  const [section, another] = elf.sections.filter((each) => each.name === name)
  if (another !== undefined) unreadable(name, 0, 'another section of the name beside it', 'none')
  if (section !== undefined && (section.flags & SHF_COMPRESSED) !== 0n) {
    unreadable(name, 0, 'compressed bytes', 'plain ones')
  }
  return section
}

function relocated(elf: ElfFile, section: ElfSection, bytes: Uint8Array): Uint8Array {
  const tables = elf.relocationTables.filter((table) => table.target === section.index)
  if (tables.length === 0) return bytes
  const copy = Uint8Array.from(bytes)
  const view = new DataView(copy.buffer)
  for (const { relocations } of tables) {
    for (const relocation of relocations) apply(elf, relocation, section.name, view)
  }
  return copy
}

function apply(elf: ElfFile, relocation: ElfRelocation, section: string, view: DataView): void {
  const at = Number(relocation.offset)
  const value = (elf.symbols[relocation.symbol]?.value ?? 0n) + relocation.addend
  switch (relocation.type) {
    case R_X86_64.NONE:
      return
    case R_X86_64[32]:
      if (at + 4 > view.byteLength)
        unreadable(section, at, 'a relocation', 'one within the section')
      view.setUint32(at, Number(BigInt.asUintN(32, value)), true)
      return
    case R_X86_64[64]:
      if (at + 8 > view.byteLength)
        unreadable(section, at, 'a relocation', 'one within the section')
      view.setBigUint64(at, BigInt.asUintN(64, value), true)
      return
    default:
      unreadable(section, at, `relocation type ${relocation.type}`, 'R_X86_64_32 or R_X86_64_64')
  }
}

function unreadable(section: string, at: number, found: string, wanted: string): never {
  throw new DebugInfoFault({ kind: 'debug-info-unreadable', section, at, found, wanted })
}
