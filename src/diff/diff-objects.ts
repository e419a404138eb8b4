import type { ElfFile } from '../elf/elf-file.ts'
import { type Atom, labelOf, nameOf } from './atom.ts'
import { compareUnits, type Comparison } from './comparison.ts'
import { isMarkedAnew } from './entry-room.ts'
import { type Exposed, findExposed } from './exposed.ts'
import { gate } from './gate.ts'
import { type Included, includeNeeded } from './include.ts'
import { judgeAssembler } from './judge-assembler.ts'
import { judgeCode } from './judge-code.ts'
import { judgeData } from './judge-data.ts'
import { judgeFill } from './judge-fill.ts'
import { judgeSections } from './judge-sections.ts'
import { makePatch } from './make-patch.ts'
import { dropUnneeded } from './needed-pieces.ts'
import type { Note } from './note.ts'
import { emptyObject, type ObjectFile, openObject } from './open-object.ts'
import type { Patch } from './patch.ts'
import type { Reason } from './reason.ts'
import { takeNotes } from './take-notes.ts'
import { findTwins } from './twins.ts'

export type { ObjectFile } from './open-object.ts'

/** What is known of the source patch. */
export interface SourceEdits {
  /** Whether it edits code of boot, and not only what such code takes in from elsewhere. */
  readonly editsInit: boolean
}

export interface PieceReason {
  readonly piece: string
  readonly reason: Reason
}

/** What became of one object. */
export interface ObjectDiff {
  readonly object: string
  /** The functions that differ, as the running hypervisor names them. */
  readonly changed: readonly string[]
  /** New functions that come along. */
  readonly added: readonly string[]
  /** Functions that new code does without. */
  readonly removed: readonly string[]
  /** How many functions mean the same in both builds. */
  readonly unchanged: number
  /** To be used only where there are no reasons, and through `joinPatches`. */
  readonly patch: Patch
  /** Why it cannot be brought in live; empty if it can, as far as this object tells. */
  readonly reasons: readonly Reason[]
  /**
   * Reasons that count if another object needs the piece: this one's replaced functions do not.
   * `joinPatches` adds them.
   */
  readonly reasonsIfNeeded: readonly PieceReason[]
  readonly notes: readonly Note[]
  /** Global names that are new, of what the running hypervisor has under another. */
  readonly exposed: readonly Exposed[]
  /** Pieces that are entered by indirect calls, and replace what may not be. */
  readonly markedAnew: readonly string[]
}

/**
 * Finds what a source patch changed in one object, and what its new code needs.
 *
 * Both objects must come from one compiler with `-ffunction-sections -fdata-sections`. `before`
 * is undefined for an object that the patch adds. New global functions and variables are in the
 * patch whether this object needs them or not, as others may: `joinPatches` drops the rest.
 *
 * Init functions that differ although the patch edits none are noted and not refused. They have
 * taken in something that the patch does edit, have run, and never will again: no live change
 * could alter what they did. What they left behind stays as the old code made it; but so does
 * what any other function did before it was replaced, and that is refused of none.
 *
 * Not judged here: whether types changed their layout, whether the build before is the one that
 * runs, and whether the hypervisor has the symbols that are used.
 */
export function diffObjects(
  before: ObjectFile | undefined,
  after: ObjectFile,
  edits: SourceEdits = { editsInit: true },
): ObjectDiff {
  const old = before === undefined ? emptyObject(after.name) : openObject(before)
  const now = openObject(after)
  const twins = findTwins(old, now)
  const comparison = compareUnits(old, now, twins)
  if (now.isAssembler) return asAssembler(comparison, { before: before?.elf, after: after.elf })
  const included = includeNeeded(comparison)
  const { patch, ids, reasons: linking } = makePatch(comparison, included)
  const entryOf = (atom: Atom): Atom => comparison.units.after.byPart.get(atom)?.entry ?? atom
  const ofPieces = [...included.reasons, ...linking].map(({ atom, reason }) => ({
    piece: ids.get(entryOf(atom)) ?? '',
    reason,
  }))
  const needed = new Set(dropUnneeded(patch).pieces.map(({ id }) => id))
  const reasons = gate(
    judgeCode(comparison, included, edits),
    judgeData(comparison),
    judgeSections(comparison, { after: after.elf }),
    ofPieces.filter(({ piece }) => needed.has(piece)).map(({ reason }) => reason),
  )
  const reasonsIfNeeded = ofPieces.filter(({ piece }) => !needed.has(piece))
  const notes = takeNotes(comparison, included, edits)
  const markedAnew = comparison.changed
    .filter(({ before: was, after: is }) => isMarkedAnew(was.entry, is.entry))
    .flatMap(({ after: { entry } }) => ids.get(entry) ?? [])
  return { ...summary(comparison, included), patch, reasons, reasonsIfNeeded, notes, markedAnew }
}

/** Nothing is brought along of an object whose source is assembler. */
function asAssembler(
  comparison: Comparison,
  elf: { readonly before: ElfFile | undefined; readonly after: ElfFile },
): ObjectDiff {
  const none: Included = { atoms: [], aims: new Map(), bootUses: [], reasons: [] }
  const patch = { pieces: [], symbols: [], replacements: [] }
  const { before = elf.after, after } = elf
  const labelled = [...judgeAssembler(comparison), ...judgeFill(comparison, { before, after })]
  const told = new Set(labelled.map(({ symbol }) => symbol))
  // What has no label is told by its place, by one of them.
  const others = judgeSections(comparison, { after }).filter(({ symbol }) => !told.has(symbol))
  const reasons = gate(labelled, others)
  const nothing = { reasonsIfNeeded: [], notes: [], markedAnew: [] }
  return { ...summary(comparison, none), patch, reasons, ...nothing }
}

function summary(
  comparison: Comparison,
  included: Included,
): Omit<ObjectDiff, 'patch' | 'reasons' | 'reasonsIfNeeded' | 'notes' | 'markedAnew'> {
  const isIncluded = new Set(included.atoms)
  return {
    object: comparison.after.name,
    changed: comparison.changed.map(({ before }) => labelOf(before.entry)),
    added: comparison.added
      .filter(({ entry }) => isIncluded.has(entry))
      .map(({ entry }) => nameOf(entry) ?? ''),
    removed: comparison.removed.map(({ entry }) => labelOf(entry)),
    unchanged: comparison.unchanged,
    exposed: findExposed(comparison),
  }
}
