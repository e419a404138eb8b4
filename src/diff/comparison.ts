import type { Atom } from './atom.ts'
import type { OpenObject } from './open-object.ts'
import { Meaning } from './same-meaning.ts'
import { endsWithBoot } from './section-class.ts'
import type { Twins } from './twins.ts'
import { gatherUnits, type Unit, type Units } from './unit.ts'

/** Two builds of one object, paired and compared. */
export interface Comparison {
  readonly before: OpenObject
  readonly after: OpenObject
  readonly twins: Twins
  readonly meaning: Meaning
  readonly units: { readonly before: Units; readonly after: Units }
  /** Functions whose code or entries in special sections differ, those of boot among them. */
  readonly changed: readonly UnitPair[]
  readonly added: readonly Unit[]
  readonly removed: readonly Unit[]
  /** How many functions mean the same. */
  readonly unchanged: number
}

export interface UnitPair {
  readonly before: Unit
  readonly after: Unit
}

/**
 * Compares the functions of two builds. One that was freed after boot has no twin among those
 * that stay: it counts as removed, and the one that stays as added.
 */
export function compareUnits(before: OpenObject, after: OpenObject, twins: Twins): Comparison {
  const units = { before: gatherUnits(before), after: gatherUnits(after) }
  const meaning = new Meaning(twins, units)
  const changed: UnitPair[] = []
  const added: Unit[] = []
  const met = new Set<Unit>()
  let unchanged = 0
  for (const unit of units.after.all) {
    const old = units.before.byPart.get(twins.toBefore.get(unit.entry) ?? unit.entry)
    if (old === undefined || hasLeftBoot(old.entry, unit.entry)) {
      added.push(unit)
      continue
    }
    met.add(old)
    if (meaning.sameUnit(old, unit)) unchanged += 1
    else changed.push({ before: old, after: unit })
  }
  const removed = units.before.all.filter((unit) => !met.has(unit))
  return { before, after, twins, meaning, units, changed, added, removed, unchanged }
}

/** Whether the old one was freed after boot and the new one is to stay. */
export function hasLeftBoot(before: Atom, after: Atom): boolean {
  return endsWithBoot(before.meaning) && !endsWithBoot(after.meaning)
}
