import type { ElfFile } from '../elf/elf-file.ts'
import type { Atom, Reference, ReferenceTarget } from './atom.ts'
import type { RawReference, RawTarget } from './raw-reference.ts'

/** The atoms of an object by their place. */
export class AtomIndex {
  readonly #bySection = new Map<number, Atom[]>()

  /** `atoms` are by rising place. */
  add(section: number, atoms: readonly Atom[]): void {
    if (atoms.length > 0) this.#bySection.set(section, [...atoms])
  }

  all(): Atom[] {
    return [...this.#bySection.values()].flat()
  }

  inSection(section: number): readonly Atom[] {
    return this.#bySection.get(section) ?? []
  }

  /**
   * The atom that a place in a section belongs to.
   *
   * The only atom of a section is meant by every place in it, even one beyond its ends: compilers
   * refer to `array[-1]`, and entries of jump tables count from the table. Among several, a
   * place right behind one belongs to it if no other begins there.
   */
  find(section: number, offset: number): Atom | undefined {
    const atoms = this.inSection(section)
    const [only] = atoms
    if (atoms.length === 1 && only?.meaning !== 'string') return only
    const found = atoms[lastAtOrBefore(atoms, offset)]
    if (found === undefined || offset > found.start + found.byteLength) return undefined
    return found
  }
}

/** Gives every atom its references. */
export function linkReferences(
  elf: ElfFile,
  references: ReadonlyMap<number, readonly RawReference[]>,
  index: AtomIndex,
): void {
  for (const [section, list] of references) {
    const atoms = index.inSection(section)
    for (const reference of list) {
      const holder = atoms[lastAtOrBefore(atoms, reference.at)]
      if (holder === undefined || reference.at >= holder.start + holder.byteLength) continue
      holder.references.push(linkReference(elf, reference, { base: holder.start, index }))
    }
  }
}

/** One reference, seen from an atom that begins at `base`. */
export function linkReference(
  elf: ElfFile,
  raw: RawReference,
  from: { readonly base: number; readonly index: AtomIndex },
): Reference {
  const { at, byteLength, type, addend, isBranch } = raw
  const target = linkTarget(elf, raw.target, from.index)
  return { at: at - from.base, byteLength, type, addend, isBranch, target }
}

function linkTarget(elf: ElfFile, raw: RawTarget, index: AtomIndex): ReferenceTarget {
  if (raw.kind === 'external' || raw.kind === 'odd-symbol') return raw
  const offset = raw.kind === 'symbol' ? Number(raw.symbol.value) : raw.offset
  const atom = index.find(raw.section, offset)
  if (atom === undefined) {
    return { kind: 'nowhere', section: elf.sections[raw.section]?.name ?? '', offset }
  }
  return { kind: 'atom', atom, offset: offset - atom.start }
}

/** The index of the last atom that begins at `offset` or before; -1 if there is none. */
function lastAtOrBefore(atoms: readonly Atom[], offset: number): number {
  let low = 0
  let high = atoms.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((atoms[middle]?.start ?? 0) <= offset) low = middle + 1
    else high = middle
  }
  return low - 1
}
