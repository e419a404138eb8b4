import { type Atom, isGlobal, labelOf } from './atom.ts'
import type { Comparison, UnitPair } from './comparison.ts'
import { functionBytes, neededForJump } from './entry-room.ts'

/**
 * Whether the old function has to lead to the new one.
 *
 * Not so where only replaced functions call it, by direct calls that go to the new code anyway,
 * and a jump would not fit or would be wrong: copies that the compiler tailored to their callers
 * (`.constprop`, `.isra`, `.part`) take their arguments as these pass them, so callers that are
 * still at work in old code must stay with the old copy.
 */
export function needsJump(comparison: Comparison, { before, after }: UnitPair): boolean {
  const fits = functionBytes(before.entry) >= neededForJump(before.entry)
  if (fits && !isTailored(before.entry)) return true
  return !isOnlyCalledByNew(comparison, { before, after })
}

function isTailored(entry: Atom): boolean {
  return /\.(constprop|isra|part)(\.|$)/.test(labelOf(entry))
}

function isOnlyCalledByNew(comparison: Comparison, { before, after }: UnitPair): boolean {
  if (isGlobal(before.entry) || isGlobal(after.entry)) return false
  const { units } = comparison
  const isNew = new Set([...comparison.changed.map((pair) => pair.after), ...comparison.added])
  return (
    usersOf(comparison.after.atoms, after.entry).every(({ user, isBranch }) => {
      const unit = units.after.byPart.get(user)
      return unit === after || (isBranch && unit !== undefined && isNew.has(unit))
    }) &&
    usersOf(comparison.before.atoms, before.entry).every(
      ({ user, isBranch }) => isBranch || units.before.byPart.get(user) === before,
    )
  )
}

function usersOf(
  atoms: readonly Atom[],
  entry: Atom,
): readonly { readonly user: Atom; readonly isBranch: boolean }[] {
  return atoms.flatMap((user) =>
    user.references
      .filter(({ target }) => target.kind === 'atom' && target.atom === entry)
      .map(({ isBranch }) => ({ user, isBranch })),
  )
}
