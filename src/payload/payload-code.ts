import type { ElfSection } from '../elf/elf-file.ts'
import { isEntryTable, LIVEPATCH, REPLACEMENTS } from './livepatch-format.ts'
import type { Payload } from './payload.ts'
import { References } from './references.ts'
import { sectionArea } from './section-area.ts'

/**
 * A section of a payload that has to lie somewhere before its functions can run.
 *
 * `code` is executable; `constant` is neither executable nor writable once it is linked; `data` is
 * writable, and begins as zeros where `bytes` is undefined.
 */
export interface PayloadSection {
  /** The index of the section in `payload.elf`. */
  readonly section: number
  readonly name: string
  readonly kind: 'code' | 'constant' | 'data'
  readonly byteLength: number
  /** A power of two. */
  readonly alignment: number
}

/**
 * The sections that the new functions reach, directly or through others, in the order of the file.
 *
 * Left out are what only Xen's loader reads (notes, names, `.livepatch.funcs`), the special sections
 * (`.altinstructions`, `.altinstr_replacement`, `.bug_frames.*`, `.ex_table`) and what only those
 * refer to, such as the file names of bug frames.
 */
export function payloadCode(payload: Payload): readonly PayloadSection[] {
  const { elf } = payload
  const references = new References(elf)
  const reached = new Set<number>()
  const open = payload.functions.flatMap(({ code }) => (code === undefined ? [] : [code.section]))
  const replacements = elf.sections.find(({ name }) => name === REPLACEMENTS)
  // Boot would put replacements over parts of the code, with all that they refer to.
  if (replacements !== undefined) open.push(replacements.index)
  for (let section = open.pop(); section !== undefined; section = open.pop()) {
    if (reached.has(section)) continue
    reached.add(section)
    for (const relocation of references.in(section)) {
      const target = references.target(relocation)
      if (target?.kind === 'section') open.push(target.section)
    }
  }
  return elf.sections.flatMap((section) => {
    const area = sectionArea(section.flags)
    const isArea = area === 'code' || area === 'constant' || area === 'data'
    return isArea && reached.has(section.index) && !isForLoader(section.name)
      ? [describeSection(section, area)]
      : []
  })
}

function describeSection(section: ElfSection, kind: PayloadSection['kind']): PayloadSection {
  return {
    section: section.index,
    name: section.name,
    kind,
    byteLength: Number(section.byteLength),
    alignment: Number(section.alignment),
  }
}

function isForLoader(section: string): boolean {
  return (
    section === REPLACEMENTS ||
    isEntryTable(section) ||
    section.startsWith('.livepatch.') ||
    section === LIVEPATCH.MODINFO ||
    section === LIVEPATCH.BUILD_ID
  )
}
