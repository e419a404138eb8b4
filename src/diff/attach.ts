import type { ElfFile, ElfSection } from '../elf/elf-file.ts'
import type { Atom, Reference } from './atom.ts'
import {
  readTable,
  REPLACEMENT_LENGTH_AT,
  type TableEntry,
  tableKind,
  unpackBugField,
} from './attached-table.ts'
import { cutAtom } from './cut-section.ts'
import { cutFixups, type FixupEntrance } from './fixup.ts'
import { type AtomIndex, linkReference } from './link-references.ts'
import type { RawReference } from './raw-reference.ts'
import type { SectionClass } from './section-class.ts'

/** What special sections say about functions, and the code that they name. */
export interface Attachments {
  /** By the function, in the order of the sections and of the entries in them. */
  readonly byOwner: ReadonlyMap<Atom, readonly Atom[]>
  /** Entries about places that belong to no function. */
  readonly ownerless: readonly Atom[]
  /** Sections whose insides are not as expected. */
  readonly malformed: readonly ElfSection[]
}

interface Opened {
  readonly elf: ElfFile
  readonly references: ReadonlyMap<number, readonly RawReference[]>
  readonly index: AtomIndex
}

/**
 * Cuts the special sections and finds for each part the function that it belongs to: the one in
 * which the place lies that an entry is about, or that can come to a piece of `.fixup`.
 */
export function attach(
  elf: ElfFile,
  options: Omit<Opened, 'elf'> & { readonly meanings: readonly SectionClass[] },
): Attachments {
  const opened = { elf, ...options }
  const sections = elf.sections.filter(({ index }) => options.meanings[index] === 'attached')
  const malformed: ElfSection[] = []
  const tables: { readonly section: ElfSection; readonly entries: readonly TableEntry[] }[] = []
  for (const section of sections) {
    if (tableKind(section.name) === undefined) continue
    const entries = readTable(section, options.references.get(section.index) ?? [])
    if (entries === undefined) malformed.push(section)
    else tables.push({ section, entries })
  }

  const owned: { readonly owner: Atom | undefined; readonly atom: Atom }[] = []
  const fixupOwners = new Map<Atom, Atom>()
  for (const section of sections.filter(({ name }) => name === '.fixup')) {
    const exceptions = tables.filter(({ section: { name } }) => name === '.ex_table')
    const runs = cutFixups(section, fixupEntrances(opened, section, exceptions))
    if (runs === undefined) malformed.push(section)
    for (const { atom, owner } of runs ?? []) {
      owned.push({ owner, atom })
      fixupOwners.set(atom, owner)
    }
    options.index.add(section.index, runs?.map(({ atom }) => atom) ?? [])
  }
  for (const { section, entries } of tables) {
    for (const entry of entries) {
      const atom = cutAtom(section, 'attached', entry)
      const site = targetOf(opened, entry.fields.get(0))
      const owner = site === undefined ? undefined : (fixupOwners.get(site) ?? site)
      const isAlternative = tableKind(section.name) === 'alternatives'
      const replacement = isAlternative ? replacementOf(opened, atom, entry) : undefined
      if (replacement === 'malformed') {
        malformed.push(section)
        continue
      }
      if (replacement !== undefined) owned.push({ owner, atom: replacement })
      atom.references.push(...entryReferences(opened, { atom, entry, replacement }))
      owned.push({ owner, atom })
    }
  }
  return { ...gather(owned), malformed: [...new Set(malformed)] }
}

function gather(
  owned: readonly { readonly owner: Atom | undefined; readonly atom: Atom }[],
): Pick<Attachments, 'byOwner' | 'ownerless'> {
  const byOwner = new Map<Atom, Atom[]>()
  const ownerless: Atom[] = []
  for (const { owner, atom } of owned) {
    if (owner === undefined) {
      ownerless.push(atom)
      continue
    }
    const list = byOwner.get(owner) ?? []
    byOwner.set(owner, list)
    list.push(atom)
  }
  for (const list of byOwner.values()) {
    list.sort((one, other) => one.section.index - other.section.index || one.start - other.start)
  }
  return { byOwner, ownerless }
}

function targetOf(opened: Opened, raw: RawReference | undefined): Atom | undefined {
  if (raw === undefined) return undefined
  const { target } = linkReference(opened.elf, unpackBugField(raw, 0), {
    base: 0,
    index: opened.index,
  })
  return target.kind === 'atom' ? target.atom : undefined
}

/** The ways into `.fixup`: entries of the exception table, and jumps from functions. */
function fixupEntrances(
  opened: Opened,
  fixup: ElfSection,
  exceptions: readonly { readonly entries: readonly TableEntry[] }[],
): FixupEntrance[] {
  const entrances: FixupEntrance[] = []
  for (const { fields } of exceptions.flatMap(({ entries }) => entries)) {
    const to = fields.get(4)?.target
    const site = fields.get(0)?.target
    if (to?.kind !== 'place' || to.section !== fixup.index) continue
    if (site?.kind === 'place' && site.section === fixup.index) {
      entrances.push({ offset: to.offset, from: { kind: 'fixup', offset: site.offset } })
      continue
    }
    const owner = targetOf(opened, fields.get(0))
    if (owner !== undefined) {
      entrances.push({ offset: to.offset, from: { kind: 'function', atom: owner } })
    }
  }
  for (const [section, list] of opened.references) {
    if (section === fixup.index) continue
    for (const { at, target } of list) {
      if (target.kind !== 'place' || target.section !== fixup.index) continue
      const owner = opened.index.find(section, at)
      if (owner === undefined) continue
      entrances.push({ offset: target.offset, from: { kind: 'function', atom: owner } })
    }
  }
  return entrances
}

/**
 * The code that an entry of `.altinstructions` puts in.
 *
 * Where it has no bytes it is a place all the same: Xen's loader wants the entry to lead into
 * `.altinstr_replacement`.
 */
function replacementOf(opened: Opened, atom: Atom, entry: TableEntry): Atom | 'malformed' {
  const byteLength = atom.bytes?.[REPLACEMENT_LENGTH_AT]
  const target = entry.fields.get(4)?.target
  if (byteLength === undefined || target?.kind !== 'place') return 'malformed'
  // The reader of ELF files has checked that the index names a section.
  const section = opened.elf.sections[target.section] as ElfSection
  const start = target.offset
  if (start < 0 || start + byteLength > Number(section.byteLength)) return 'malformed'
  const replacement = cutAtom(section, 'attached', { start, byteLength })
  for (const raw of opened.references.get(section.index) ?? []) {
    if (raw.at < start || raw.at >= start + byteLength) continue
    replacement.references.push(
      linkReference(opened.elf, raw, { base: start, index: opened.index }),
    )
  }
  return replacement
}

function entryReferences(
  opened: Opened,
  options: {
    readonly atom: Atom
    readonly entry: TableEntry
    readonly replacement: Atom | undefined
  },
): Reference[] {
  const { atom, entry, replacement } = options
  const kind = tableKind(atom.section.name)
  const from = { base: atom.start, index: opened.index }
  const references: Reference[] = []
  for (const [field, raw] of entry.fields) {
    const unpacked = kind === 'bug-frames' ? unpackBugField(raw, field) : raw
    const reference = linkReference(opened.elf, unpacked, from)
    if (kind !== 'alternatives' || field !== 4) {
      references.push(reference)
    } else if (replacement !== undefined) {
      references.push({ ...reference, target: { kind: 'atom', atom: replacement, offset: 0 } })
    }
  }
  return references
}
