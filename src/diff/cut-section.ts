import { SHF } from '../elf/definitions.ts'
import type { ElfSection } from '../elf/elf-file.ts'
import type { Atom, AtomName } from './atom.ts'
import type { PlacedName } from './placed-name.ts'
import { isCode, type SectionClass } from './section-class.ts'

/** What is known of a section's insides. */
export interface CutMarks {
  readonly names: readonly PlacedName[]
  /** The offsets that others refer to without a name. */
  readonly places: readonly number[]
  readonly hasReferenceIn: (start: number, end: number) => boolean
}

/**
 * Cuts a section into atoms by rising place: strings at their ends, mergeable constants at
 * their size, everything else where symbols begin and, where there are none, at the places that
 * are referred to. Fill between two symbols belongs to neither and is dropped.
 */
export function cutSection(section: ElfSection, meaning: SectionClass, marks: CutMarks): Atom[] {
  const length = Number(section.byteLength)
  if (length === 0 && marks.names.length === 0) return []
  if (meaning === 'string') return cutStrings(section)
  if (meaning === 'constant-pool' && marks.names.length === 0) return cutPool(section)
  return cutAtMarks(section, meaning, marks)
}

/** One atom of a section. */
export function cutAtom(
  section: ElfSection,
  meaning: SectionClass,
  span: {
    readonly start: number
    readonly byteLength: number
    readonly names?: readonly AtomName[]
  },
): Atom {
  const { start, byteLength, names = [] } = span
  const bytes = section.bytes?.subarray(start, start + byteLength)
  return { section, meaning, start, byteLength, bytes, names, references: [] }
}

function cutStrings(section: ElfSection): Atom[] {
  const bytes = section.bytes ?? new Uint8Array()
  const width = Math.max(1, Number(section.entryBytes))
  const atoms: Atom[] = []
  let start = 0
  for (let at = 0; at < bytes.length; at += width) {
    const isEnd = bytes.subarray(at, at + width).every((byte) => byte === 0)
    if (!isEnd && at + width < bytes.length) continue
    const byteLength = Math.min(at + width, bytes.length) - start
    atoms.push(cutAtom(section, 'string', { start, byteLength }))
    start = at + width
  }
  return atoms
}

function cutPool(section: ElfSection): Atom[] {
  const size = Number(section.entryBytes)
  const length = Number(section.byteLength)
  const atoms: Atom[] = []
  for (let start = 0; start < length; start += size) {
    const byteLength = Math.min(size, length - start)
    atoms.push(cutAtom(section, 'constant-pool', { start, byteLength }))
  }
  return atoms
}

function cutAtMarks(section: ElfSection, meaning: SectionClass, marks: CutMarks): Atom[] {
  const length = Number(section.byteLength)
  const heads = outermost(marks.names)
  const atoms: Atom[] = []
  const cutGap = (start: number, end: number): void => {
    if (start >= end || isFill(section, meaning, { start, end, marks })) return
    const inside = marks.places.filter((place) => place > start && place < end)
    const cuts = [...new Set([start, ...inside])].sort((one, other) => one - other)
    for (const [index, cut] of cuts.entries()) {
      const next = cuts[index + 1] ?? end
      atoms.push(cutAtom(section, meaning, { start: cut, byteLength: next - cut }))
    }
  }
  let end = 0
  for (const [index, head] of heads.entries()) {
    cutGap(end, head.start)
    const next = heads[index + 1]?.start ?? length
    // The only function of a section owns its fill as well: there is nobody else.
    const byteLength =
      head.byteLength === 0 || (isCode(meaning) && heads.length === 1)
        ? next - head.start
        : Math.min(head.byteLength, length - head.start)
    atoms.push(cutAtom(section, meaning, { start: head.start, byteLength, names: head.names }))
    end = head.start + byteLength
  }
  cutGap(end, length)
  return atoms
}

interface Head {
  readonly start: number
  byteLength: number
  readonly names: AtomName[]
}

/** The symbols that lie in no other, those of one place together. */
function outermost(names: readonly PlacedName[]): readonly Head[] {
  const sorted = names.toSorted(
    (one, other) => one.value - other.value || other.byteLength - one.byteLength,
  )
  const heads: Head[] = []
  for (const { value, ...name } of sorted) {
    const last = heads.at(-1)
    if (last?.start === value) last.names.push(name)
    else if (last === undefined || value >= last.start + last.byteLength) {
      heads.push({ start: value, byteLength: name.byteLength, names: [name] })
    }
  }
  for (const head of heads) head.names.sort(byStanding)
  return heads
}

/** Global names first, for others know the atom by them; then functions and objects. */
function byStanding(one: AtomName, other: AtomName): number {
  const rank = ({ file, kind }: AtomName): number =>
    (file === undefined ? 0 : 2) + (kind === 'none' ? 1 : 0)
  return rank(one) - rank(other) || one.order - other.order
}

function isFill(
  section: ElfSection,
  meaning: SectionClass,
  gap: { readonly start: number; readonly end: number; readonly marks: CutMarks },
): boolean {
  const { start, end, marks } = gap
  if (marks.places.some((place) => place >= start && place < end)) return false
  if (marks.hasReferenceIn(start, end)) return false
  if (isCode(meaning) || (section.flags & SHF.EXECINSTR) !== 0n) {
    return marks.names.length > 0 && end - start < 64
  }
  return section.bytes?.subarray(start, end).every((byte) => byte === 0) ?? true
}
