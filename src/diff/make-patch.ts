import { R_X86_64 } from '../elf/definitions.ts'
import { type Atom, labelOf, nameOf } from './atom.ts'
import type { Comparison } from './comparison.ts'
import { functionBytes } from './entry-room.ts'
import type { Aim, AtomReason, Included } from './include.ts'
import { needsJump } from './jump-needed.ts'
import type { Patch, Piece, PieceRelocation, PieceSymbol, Replacement } from './patch.ts'
import { inObject, type ReasonIn } from './reason.ts'
import { endsWithBoot } from './section-class.ts'

/** What Xen's loader fills in (xen/arch/x86/livepatch.c: arch_livepatch_perform_rela). */
const SUPPORTED: ReadonlySet<number> = new Set([R_X86_64[64], R_X86_64.PC32, R_X86_64.PLT32])

/** Turns what is included into pieces, and says which functions they replace. */
export function makePatch(
  comparison: Comparison,
  included: Included,
): {
  readonly patch: Patch
  /** The pieces by what they were made of. */
  readonly ids: ReadonlyMap<Atom, string>
  readonly reasons: readonly AtomReason[]
} {
  const object = comparison.after.name
  const ids = nameAll(object, included.atoms)
  const reasons: AtomReason[] = []
  const pieces = included.atoms.map((atom) => {
    const refuse = (reason: ReasonIn): void => {
      reasons.push({ atom, reason: inObject(object, reason) })
    }
    return makePiece(atom, { object, ids, aims: included.aims, refuse })
  })
  const symbols = included.atoms.flatMap((atom) => symbolsOf(atom, ids.get(atom) ?? ''))
  const replacements: Replacement[] = []
  for (const pair of comparison.changed) {
    const { before, after } = pair
    if (!needsJump(comparison, pair)) continue
    const piece = ids.get(after.entry)
    const [name] = before.entry.names
    if (piece === undefined || name === undefined || endsWithBoot(before.entry.meaning)) continue
    replacements.push({
      symbol: { name: name.name, file: name.file },
      piece,
      oldByteLength: functionBytes(before.entry),
      newByteLength: functionBytes(after.entry),
    })
  }
  return { patch: { pieces, symbols, replacements }, ids, reasons }
}

function makePiece(
  atom: Atom,
  context: {
    readonly object: string
    readonly ids: ReadonlyMap<Atom, string>
    readonly aims: Included['aims']
    readonly refuse: (reason: ReasonIn) => void
  },
): Piece {
  const { section } = atom
  const relocations: PieceRelocation[] = []
  for (const reference of atom.references) {
    const aim = context.aims.get(reference)
    if (aim === undefined) continue
    const { at, type, addend } = reference
    if (type === 'baked' || !SUPPORTED.has(type)) {
      const user = labelOf(atom)
      context.refuse(
        type === 'baked'
          ? { kind: 'sections-not-split', symbol: user, section: section.name }
          : { kind: 'relocation-not-supported', symbol: user, user, at, type },
      )
      continue
    }
    const relocation = aimed(aim, addend, context.ids)
    if (relocation !== undefined) relocations.push({ at, type, ...relocation })
  }
  return {
    id: context.ids.get(atom) ?? '',
    object: context.object,
    section: section.name,
    flags: section.flags,
    entryBytes: Number(section.entryBytes),
    alignment: alignmentOf(atom),
    content: atom.bytes ?? { byteLength: atom.byteLength },
    relocations,
  }
}

function aimed(
  aim: Aim,
  addend: bigint,
  ids: ReadonlyMap<Atom, string>,
): Pick<PieceRelocation, 'target' | 'addend'> | undefined {
  if (aim.kind === 'image') {
    return {
      target: { kind: 'image', symbol: aim.symbol },
      addend: addend + BigInt(aim.offset),
    }
  }
  const piece = ids.get(aim.atom)
  // What is not brought along was refused: the patch is not to be used then.
  if (piece === undefined) return undefined
  return { target: { kind: 'piece', piece, offset: aim.offset }, addend }
}

/** An atom in the middle of a section is aligned as far as its place was. */
function alignmentOf(atom: Atom): number {
  const whole = Math.max(1, Number(atom.section.alignment))
  if (atom.start === 0) return whole
  return Math.min(whole, atom.start & -atom.start)
}

function symbolsOf(atom: Atom, piece: string): readonly PieceSymbol[] {
  return atom.names.flatMap(({ name, file, kind, byteLength }) => {
    if (kind !== 'function' && kind !== 'object') return []
    const length = byteLength === 0 ? atom.byteLength : byteLength
    return [{ name, file, kind, piece, offset: 0, byteLength: length }]
  })
}

/** Names for pieces: by section and symbol, and by their place where that does not do. */
function nameAll(object: string, atoms: readonly Atom[]): ReadonlyMap<Atom, string> {
  const ids = new Map<Atom, string>()
  const taken = new Set<string>()
  for (const atom of atoms) {
    const base = `${object}:${baseName(atom)}`
    let id = base
    for (let number = 2; taken.has(id); number += 1) id = `${base}#${number}`
    taken.add(id)
    ids.set(atom, id)
  }
  return ids
}

function baseName(atom: Atom): string {
  const { section, start, byteLength } = atom
  const isWhole = start === 0 && BigInt(byteLength) === section.byteLength
  if (isWhole) return section.name
  const name = nameOf(atom)
  return name === undefined ? `${section.name}+0x${start.toString(16)}` : `${section.name}:${name}`
}
