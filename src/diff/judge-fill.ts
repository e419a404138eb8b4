import type { ElfFile, ElfSection } from '../elf/elf-file.ts'
import { type Atom, labelOf } from './atom.ts'
import type { Comparison } from './comparison.ts'
import { inObject, type Reason } from './reason.ts'
import { classifySection } from './section-class.ts'

/**
 * Says what differs between the labels of an object made from assembler: how sections are
 * aligned, how long they are, and the bytes that belong to no label.
 *
 * Code from a compiler may lie anywhere, but in assembler the place itself may be what an author
 * wanted: thunks stand in a certain half of a cache line, behind bytes that nobody runs.
 */
export function judgeFill(
  comparison: Comparison,
  elf: { readonly before: ElfFile; readonly after: ElfFile },
): Reason[] {
  const { before, after } = comparison
  const olds = Map.groupBy(elf.before.sections.filter(isJudged), ({ name }) => name)
  const news = Map.groupBy(elf.after.sections.filter(isJudged), ({ name }) => name)
  const reasons: Reason[] = []
  for (const [name, sections] of news) {
    for (const [index, section] of sections.entries()) {
      const old = olds.get(name)?.[index]
      if (old !== undefined && sameFill([old, before.atoms], [section, after.atoms])) continue
      const symbol = labelIn(section, after.atoms) ?? `${name}+0x0`
      reasons.push(inObject(after.name, { kind: 'assembler-changed', symbol, section: name }))
    }
  }
  return reasons
}

/** What is thrown away counts for nothing, and entries of special sections are compared as such. */
function isJudged(section: ElfSection): boolean {
  const meaning = classifySection(section)
  return meaning !== 'ignored' && meaning !== 'attached' && section.byteLength > 0n
}

type Filled = readonly [section: ElfSection, atoms: readonly Atom[]]

function sameFill([old, oldAtoms]: Filled, [now, nowAtoms]: Filled): boolean {
  if (old.alignment !== now.alignment || old.byteLength !== now.byteLength) return false
  const before = fillOf(old, oldAtoms)
  const after = fillOf(now, nowAtoms)
  return before.every((byte, index) => byte === after[index])
}

/** The bytes of a section, with zeros for what belongs to an atom. */
function fillOf(section: ElfSection, atoms: readonly Atom[]): Uint8Array {
  const bytes = new Uint8Array(section.bytes ?? [])
  for (const atom of atoms) {
    if (atom.section !== section) continue
    bytes.fill(0, atom.start, atom.start + atom.byteLength)
  }
  return bytes
}

function labelIn(section: ElfSection, atoms: readonly Atom[]): string | undefined {
  const atom = atoms.find((one) => one.section === section)
  return atom === undefined ? undefined : labelOf(atom)
}
