import { type Atom, nameOf } from './atom.ts'
import { ownerOfColdPart } from './normal-name.ts'
import type { OpenObject } from './open-object.ts'
import { isCode } from './section-class.ts'

/**
 * A function with all that is its own: the rarely executed part that the compiler split off, and
 * what special sections say about both. It is compared and brought along as a whole.
 */
export interface Unit {
  readonly entry: Atom
  /** The entry first. */
  readonly code: readonly Atom[]
  readonly attached: readonly Atom[]
}

/** The functions of an object, and which one every part of a function belongs to. */
export interface Units {
  readonly all: readonly Unit[]
  readonly byPart: ReadonlyMap<Atom, Unit>
}

/** Gathers the functions of an object. */
export function gatherUnits(object: OpenObject): Units {
  const functions = object.atoms.filter(
    (atom) => isCode(atom.meaning) && nameOf(atom) !== undefined,
  )
  const byName = new Map(functions.flatMap((atom) => atom.names.map(({ name }) => [name, atom])))
  const parts = new Map<Atom, Atom[]>()
  const entries: Atom[] = []
  for (const atom of functions) {
    const owner = byName.get(ownerOfColdPart(nameOf(atom) ?? '') ?? '')
    if (owner === undefined) entries.push(atom)
    else parts.set(owner, [...(parts.get(owner) ?? []), atom])
  }
  const byPart = new Map<Atom, Unit>()
  const all = entries.map((entry) => {
    const code = [entry, ...(parts.get(entry) ?? [])]
    const attached = code.flatMap((atom) => object.attachments.byOwner.get(atom) ?? [])
    const unit = { entry, code, attached }
    for (const part of [...code, ...attached]) byPart.set(part, unit)
    return unit
  })
  return { all, byPart }
}
