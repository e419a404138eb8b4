import type { ElfFile } from '../elf/elf-file.ts'
import type { Atom } from './atom.ts'
import { attach, type Attachments } from './attach.ts'
import { bakedReferences } from './baked-reference.ts'
import { cutSection } from './cut-section.ts'
import { SectionCode } from './instruction-ends.ts'
import { AtomIndex, linkReferences } from './link-references.ts'
import { namesBySection, type PlacedName } from './placed-name.ts'
import { type RawReference, readRawReferences } from './raw-reference.ts'
import { classifySection, isCode, type SectionClass } from './section-class.ts'

/** An object file under the name that the build gives it: `common/dm.o`. */
export interface ObjectFile {
  readonly name: string
  readonly elf: ElfFile
}

/** An object taken apart. */
export interface OpenObject {
  readonly name: string
  /** Whether no part of it comes from a compiler. */
  readonly isAssembler: boolean
  /** All but the attached ones, in the order of the file. */
  readonly atoms: readonly Atom[]
  readonly attachments: Attachments
}

/** The object that is not there: what a patch's new objects are compared with. */
export function emptyObject(name: string): OpenObject {
  const attachments = { byOwner: new Map<Atom, readonly Atom[]>(), ownerless: [], malformed: [] }
  return { name, isAssembler: false, atoms: [], attachments }
}

/**
 * Takes an object apart into atoms, and finds what each refers to.
 *
 * Nothing is refused here: places that are not understood become references to nowhere and
 * sections of class `unknown`, which are only in the way if something depends on them.
 */
export function openObject(file: ObjectFile): OpenObject {
  const { elf } = file
  const meanings = elf.sections.map(classifySection)
  const names = namesBySection(elf)
  const references = readAllReferences(elf, meanings, names)
  const placesBySection = collectPlaces(references)

  const index = new AtomIndex()
  for (const section of elf.sections) {
    const meaning = meanings[section.index] ?? 'unknown'
    if (meaning === 'ignored' || meaning === 'attached') continue
    index.add(
      section.index,
      cutSection(section, meaning, {
        names: names.get(section.index) ?? [],
        places: placesBySection.get(section.index) ?? [],
        hasReferenceIn: (start, end) =>
          (references.get(section.index) ?? []).some(({ at }) => at >= start && at < end),
      }),
    )
  }
  const plain = index.all()
  const attachments = attach(elf, { meanings, references, index })
  linkReferences(elf, references, index)
  return { name: file.name, isAssembler: isFromAssembler(elf), atoms: plain, attachments }
}

function readAllReferences(
  elf: ElfFile,
  meanings: readonly SectionClass[],
  names: ReadonlyMap<number, readonly PlacedName[]>,
): Map<number, readonly RawReference[]> {
  const relocations = new Map(
    elf.relocationTables.map((table) => [table.target, table.relocations] as const),
  )
  const found = new Map<number, readonly RawReference[]>()
  for (const section of elf.sections) {
    const meaning = meanings[section.index] ?? 'unknown'
    if (meaning === 'ignored') continue
    const starts = functionStarts(names.get(section.index) ?? [])
    const holdsCode =
      isCode(meaning) || section.name === '.fixup' || section.name === '.altinstr_replacement'
    const code = new SectionCode(section.bytes ?? new Uint8Array(), starts)
    const related = readRawReferences(elf, section, {
      isText: holdsCode,
      relocations: relocations.get(section.index) ?? [],
      endOfInstruction: (at) => code.endOfInstruction(at),
    })
    const baked = isCode(meaning) ? bakedReferences(section, code, { starts, related }) : []
    const all = [...related, ...baked].sort((one, other) => one.at - other.at)
    if (all.length > 0) found.set(section.index, all)
  }
  return found
}

function functionStarts(names: readonly PlacedName[]): number[] {
  return [...new Set(names.map(({ value }) => value))].sort((one, other) => one - other)
}

function collectPlaces(
  references: ReadonlyMap<number, readonly RawReference[]>,
): ReadonlyMap<number, readonly number[]> {
  const places = new Map<number, number[]>()
  for (const { target } of [...references.values()].flat()) {
    if (target.kind !== 'place') continue
    const list = places.get(target.section) ?? []
    places.set(target.section, list)
    list.push(target.offset)
  }
  return places
}

/** Compilers name their source file; of assembler sources it is known by its ending. */
function isFromAssembler(elf: ElfFile): boolean {
  const files = elf.symbols.filter(({ kind }) => kind === 'file')
  return files.every(({ name }) => /\.s$/i.test(name))
}
