import type { ElfFile, ElfSection } from '../elf/elf-file.ts'
import { type Atom, labelOf, nameOf } from './atom.ts'
import type { Comparison } from './comparison.ts'
import { tableReason } from './judge-data.ts'
import type { OpenObject } from './open-object.ts'
import { inObject, type Reason, type ReasonIn } from './reason.ts'
import { classifySection, isConstant } from './section-class.ts'
import type { Units } from './unit.ts'

/**
 * Says what differs outside of named functions and variables: sections of unknown meaning, tables
 * without symbols, special sections that could not be cut.
 *
 * Nameless strings and constants are left out. They count only through those who refer to them.
 */
export function judgeSections(comparison: Comparison, elf: { readonly after: ElfFile }): Reason[] {
  const reasons: ReasonIn[] = [...judgeNameless(comparison), ...judgeMalformed(comparison)]
  for (const section of elf.after.sections) {
    if (classifySection(section) === 'hook' && section.byteLength > 0n) {
      reasons.push({ kind: 'hook-needed', symbol: undefined, section: section.name })
    }
  }
  return reasons.map((reason) => inObject(comparison.after.name, reason))
}

function judgeNameless(comparison: Comparison): readonly ReasonIn[] {
  const reasons = new Map<string, ReasonIn>()
  const before = Map.groupBy(comparison.before.atoms.filter(countsByItself), sectionName)
  const after = Map.groupBy(comparison.after.atoms.filter(countsByItself), sectionName)
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const olds = before.get(name) ?? []
    const news = after.get(name) ?? []
    const differing = unmatched(comparison, olds, news)
    if (differing !== undefined) reasons.set(name, differing)
  }
  const differing = unmatched(
    comparison,
    looseAttachments(comparison.before, comparison.units.before),
    looseAttachments(comparison.after, comparison.units.after),
  )
  if (differing !== undefined) reasons.set('attachments', differing)
  return [...reasons.values()]
}

/** What special sections say about places that belong to no function. */
function looseAttachments(object: OpenObject, units: Units): readonly Atom[] {
  const { byOwner, ownerless } = object.attachments
  const loose = [...byOwner].filter(([owner]) => !units.byPart.has(owner))
  return [...ownerless, ...loose.flatMap(([, atoms]) => atoms)]
}

function countsByItself(atom: Atom): boolean {
  if (atom.meaning === 'unknown') return true
  return nameOf(atom) === undefined && !isConstant(atom.meaning)
}

function sectionName(atom: Atom): string {
  return atom.section.name
}

/** The reason why two lists of atoms, in whatever order, are not the same. */
function unmatched(
  comparison: Comparison,
  olds: readonly Atom[],
  news: readonly Atom[],
): ReasonIn | undefined {
  const left = [...olds]
  let extra: Atom | undefined
  for (const atom of news) {
    const index = left.findIndex((old) => comparison.meaning.sameAtom(old, atom))
    if (index === -1) extra ??= atom
    else left.splice(index, 1)
  }
  const [gone] = left
  const atom = extra ?? gone
  if (atom === undefined) return undefined
  if (atom.meaning === 'boot-table') {
    const change = extra === undefined ? 'removed' : gone === undefined ? 'added' : 'changed'
    return tableReason(atom, change)
  }
  return {
    kind: 'section-not-understood',
    symbol: labelOf(atom),
    section: atom.section.name,
    found:
      atom.meaning === 'unknown'
        ? 'its meaning to the hypervisor is unknown'
        : 'the part that differs has no symbol',
  }
}

/** A special section that cannot be cut matters as soon as there is code to bring along. */
function judgeMalformed({ before, after, changed, added }: Comparison): readonly ReasonIn[] {
  const sections = [...before.attachments.malformed, ...after.attachments.malformed]
  const isSame =
    changed.length === 0 && added.length === 0 && sameContents(before.attachments.malformed, after)
  if (isSame) return []
  const names = new Set(sections.map(({ name }) => name))
  return [...names].map((section) => ({
    kind: 'section-not-understood',
    symbol: undefined,
    section,
    found: 'its entries are not laid out as expected',
  }))
}

function sameContents(olds: readonly ElfSection[], after: Comparison['after']): boolean {
  const news = after.attachments.malformed
  return (
    olds.length === news.length &&
    olds.every(({ name, bytes }, index) => {
      const other = news[index]
      return other?.name === name && String(other.bytes) === String(bytes)
    })
  )
}
