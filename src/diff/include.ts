import { type Atom, isGlobal, labelOf, nameOf, type Reference } from './atom.ts'
import type { Comparison } from './comparison.ts'
import { hasLeftBoot } from './comparison.ts'
import { isMarkedAnew } from './entry-room.ts'
import type { SymbolName } from './patch.ts'
import { isRelative } from './raw-reference.ts'
import { inObject, type Reason, type ReasonIn } from './reason.ts'
import { isRewritten } from './rewritten-at-boot.ts'
import { endsWithBoot, isCode, isConstant } from './section-class.ts'
import type { Unit } from './unit.ts'

/** Where a reference of new code leads in the end. */
export type Aim =
  | { readonly kind: 'atom'; readonly atom: Atom; readonly offset: number }
  | { readonly kind: 'image'; readonly symbol: SymbolName; readonly offset: number }

/** Everything that the patch brings along from one object. */
export interface Included {
  /** Atoms of the build after, in the order of the file. */
  readonly atoms: readonly Atom[]
  readonly aims: ReadonlyMap<Reference, Aim>
  /** What new code refers to in memory that was freed after boot, as the old code did. */
  readonly bootUses: readonly BootUse[]
  readonly reasons: readonly AtomReason[]
}

/** A reason that counts only if this atom, or the function that it is part of, comes along. */
export interface AtomReason {
  readonly atom: Atom
  readonly reason: Reason
}

export interface BootUse {
  readonly symbol: string
  /** The function. */
  readonly user: string
}

/**
 * Follows the references of what changed, and takes along all that the running hypervisor lacks.
 *
 * Variables that exist are never brought along. A changed function is called where it is new, but
 * a pointer to it goes on to be the old one's address, so that pointers taken before and after
 * are equal; the trampoline there leads to the new code. Only where the old entry is not made for
 * indirect calls, pointers lead to the new one.
 *
 * What was freed after boot may be referred to only by a function that did so before: its source
 * sees to it that such code runs during boot alone, and would have to in a rebuilt hypervisor as
 * well. A function that begins to do so may expect a boot that is over. Where alternatives are put
 * in, the old code may run without what it refers to, and the loader reads it.
 */
export function includeNeeded(comparison: Comparison): Included {
  const inclusion = new Inclusion(comparison)
  for (const { after } of comparison.changed) {
    if (isCode(after.entry.meaning) && !endsWithBoot(after.entry.meaning)) {
      inclusion.takeUnit(after)
    }
  }
  for (const unit of comparison.added) {
    if (isGlobal(unit.entry) && !endsWithBoot(unit.entry.meaning)) inclusion.takeUnit(unit)
  }
  for (const atom of comparison.after.atoms) {
    if (isNewGlobalData(comparison, atom)) inclusion.takeAtom(atom)
  }
  return inclusion.finish()
}

/** Whether other objects of the patch may refer to it. */
function isNewGlobalData(comparison: Comparison, atom: Atom): boolean {
  if (comparison.twins.toBefore.has(atom) || !isGlobal(atom)) return false
  return atom.meaning === 'data' || atom.meaning === 'constant'
}

class Inclusion {
  readonly #comparison: Comparison
  readonly #changed: ReadonlySet<Unit>
  readonly #added: ReadonlySet<Unit>
  readonly #taken = new Set<Atom>()
  readonly #aims = new Map<Reference, Aim>()
  readonly #bootUses = new Map<string, BootUse>()
  readonly #reasons: AtomReason[] = []
  readonly #pending: Atom[] = []

  constructor(comparison: Comparison) {
    this.#comparison = comparison
    this.#changed = new Set(comparison.changed.map(({ after }) => after))
    this.#added = new Set(comparison.added)
  }

  takeUnit(unit: Unit): void {
    for (const atom of [...unit.code, ...unit.attached]) this.takeAtom(atom)
  }

  takeAtom(atom: Atom): void {
    if (this.#taken.has(atom)) return
    this.#taken.add(atom)
    this.#pending.push(atom)
  }

  finish(): Included {
    for (let atom = this.#pending.pop(); atom !== undefined; atom = this.#pending.pop()) {
      for (const reference of atom.references) this.#follow(atom, reference)
    }
    const atoms = [...this.#taken].sort(
      (one, other) => one.section.index - other.section.index || one.start - other.start,
    )
    const bootUses = [...this.#bootUses.values()]
    return { atoms, aims: this.#aims, bootUses, reasons: this.#reasons }
  }

  #follow(user: Atom, reference: Reference): void {
    const { target } = reference
    switch (target.kind) {
      case 'external':
        this.#aims.set(reference, {
          kind: 'image',
          symbol: { name: target.name, file: undefined },
          offset: 0,
        })
        return
      case 'nowhere':
        this.#refuse(user, {
          kind: 'reference-not-understood',
          symbol: this.#ownerName(user),
          user: this.#ownerName(user),
          at: reference.at,
          section: target.section,
        })
        return
      case 'odd-symbol':
        this.#refuse(
          user,
          target.found === 'common'
            ? { kind: 'common-symbol', symbol: target.name }
            : { kind: 'symbol-not-supported', symbol: target.name, found: target.found },
        )
        return
      case 'atom':
        if (isCode(target.atom.meaning) || target.atom.meaning === 'attached') {
          this.#followCode(user, reference, target)
        } else {
          this.#followData(user, reference, target)
        }
    }
  }

  #followCode(
    user: Atom,
    reference: Reference,
    target: { readonly atom: Atom; readonly offset: number },
  ): void {
    const { byPart } = this.#comparison.units.after
    const unit = byPart.get(target.atom)
    if (unit !== undefined && unit === byPart.get(user)) {
      this.#aim(reference, target)
      return
    }
    if (unit === undefined) {
      this.#refuseUse(user, reference, target.atom)
      return
    }
    const isEntry = target.atom === unit.entry && target.offset === 0
    if (endsWithBoot(target.atom.meaning)) {
      const used = isEntry ? this.#usedBefore(user, reference, target.atom) : undefined
      if (used === undefined) this.#refuseUse(user, reference, target.atom)
      else this.#keepBootUse(user, reference, { old: used, offset: target.offset })
      return
    }
    const isInside = !isEntry || isInteriorPointer(user, reference)
    const old = this.#comparison.twins.toBefore.get(unit.entry)
    if (this.#added.has(unit) || old === undefined) {
      this.takeUnit(unit)
      this.#aim(reference, target)
    } else if (
      this.#changed.has(unit) &&
      (reference.isBranch || isInside || isMarkedAnew(old, unit.entry))
    ) {
      this.#aim(reference, target)
    } else if (isInside) {
      this.#refuse(user, {
        kind: 'reference-not-understood',
        symbol: this.#ownerName(user),
        user: this.#ownerName(user),
        at: reference.at,
        section: target.atom.section.name,
      })
    } else {
      this.#aimAtImage(reference, old, target.offset)
    }
  }

  #followData(
    user: Atom,
    reference: Reference,
    target: { readonly atom: Atom; readonly offset: number },
  ): void {
    const { atom } = target
    const { twins, meaning } = this.#comparison
    const old = twins.toBefore.get(atom)
    if (atom.meaning === 'init-data' || atom.meaning === 'boot-table') {
      const used = this.#usedBefore(user, reference, atom)
      if (used === undefined) this.#refuseUse(user, reference, atom)
      else this.#keepBootUse(user, reference, { old: used, offset: target.offset })
    } else if (old !== undefined && hasLeftBoot(old, atom)) {
      this.#refuseUse(user, reference, old)
    } else if (isConstant(atom.meaning)) {
      const isSame = old !== undefined && isUsable(old) && meaning.sameAtom(old, atom)
      if (isSame && !this.#leadsInside(atom)) this.#aimAtImage(reference, old, target.offset)
      else {
        this.takeAtom(atom)
        this.#aim(reference, target)
      }
    } else if (old !== undefined && this.#leadsInside(atom)) {
      const { name: section } = atom.section
      const by = this.#ownerName(user)
      this.#refuse(user, { kind: 'labels-in-variable', symbol: labelOf(atom), user: by, section })
    } else if (old !== undefined) {
      if (twins.guessed.has(atom) && this.#mayBeAnother(user)) this.#refuseDoubt(user, atom, [old])
      this.#aimAtImage(reference, old, target.offset)
    } else if (twins.doubtful.has(atom)) {
      this.#refuseDoubt(user, atom, twins.doubtful.get(atom) ?? [])
    } else if (nameOf(atom) === undefined) {
      this.#refuseUse(user, reference, atom)
    } else {
      // What may not be new (per-CPU, set up by boot) is refused by whoever looks at all data.
      if (atom.meaning === 'data') this.takeAtom(atom)
      this.#aim(reference, target)
    }
  }

  /** Whether data leads to a label in a replaced function: the old data leads into the old one. */
  #leadsInside(data: Atom, met: Set<Atom> = new Set()): boolean {
    if (met.has(data)) return false
    met.add(data)
    return data.references.some((reference) => {
      const { target } = reference
      if (target.kind !== 'atom') return false
      const unit = this.#comparison.units.after.byPart.get(target.atom)
      if (unit === undefined) {
        return isConstant(target.atom.meaning) && this.#leadsInside(target.atom, met)
      }
      const isEntry = target.atom === unit.entry && target.offset === 0
      return this.#changed.has(unit) && (!isEntry || isInteriorPointer(data, reference))
    })
  }

  /** The twin of what was freed after boot, if the old function referred to it too. */
  #usedBefore(user: Atom, reference: Reference, atom: Atom): Atom | undefined {
    const { twins, units } = this.#comparison
    const old = twins.toBefore.get(atom)
    if (old === undefined || !endsWithBoot(old.meaning)) return undefined
    if (twins.guessed.has(atom) || !isCode(user.meaning)) return undefined
    const unit = units.after.byPart.get(user)
    if (unit === undefined || isRewritten(unit, user, reference)) return undefined
    const oldEntry = twins.toBefore.get(unit.entry)
    const parts = (oldEntry && units.before.byPart.get(oldEntry)?.code) ?? []
    const isUsed = parts.some(({ references }) =>
      references.some(({ target }) => target.kind === 'atom' && target.atom === old),
    )
    return isUsed ? old : undefined
  }

  #keepBootUse(
    user: Atom,
    reference: Reference,
    target: { readonly old: Atom; readonly offset: number },
  ): void {
    const use = { symbol: labelOf(target.old), user: this.#ownerName(user) }
    this.#bootUses.set(`${use.user} ${use.symbol}`, use)
    this.#aimAtImage(reference, target.old, target.offset)
  }

  /** A guess is proven where its user means the same: then each reference was compared. */
  #mayBeAnother(user: Atom): boolean {
    const unit = this.#comparison.units.after.byPart.get(user)
    return unit === undefined || this.#changed.has(unit) || this.#added.has(unit)
  }

  #aim(reference: Reference, target: { readonly atom: Atom; readonly offset: number }): void {
    this.#aims.set(reference, { kind: 'atom', atom: target.atom, offset: target.offset })
  }

  #aimAtImage(reference: Reference, old: Atom, offset: number): void {
    // Only atoms with a name have twins.
    const { name, file } = old.names[0] as SymbolName
    this.#aims.set(reference, { kind: 'image', symbol: { name, file }, offset })
  }

  #refuseUse(user: Atom, reference: Reference, atom: Atom): void {
    const name = this.#ownerName(user)
    const ends = endsWithBoot(atom.meaning) || atom.meaning === 'boot-table'
    this.#refuse(
      user,
      ends
        ? { kind: 'init-reference', symbol: labelOf(atom), user: name, section: atom.section.name }
        : {
            kind: 'reference-not-understood',
            symbol: name,
            user: name,
            at: reference.at,
            section: atom.section.name,
          },
    )
  }

  #refuseDoubt(user: Atom, atom: Atom, candidates: readonly Atom[]): void {
    this.#refuse(user, {
      kind: 'symbol-ambiguous',
      symbol: labelOf(atom),
      user: this.#ownerName(user),
      candidates: candidates.map(labelOf),
    })
  }

  #ownerName(atom: Atom): string {
    return labelOf(this.#comparison.units.after.byPart.get(atom)?.entry ?? atom)
  }

  #refuse(user: Atom, reason: ReasonIn): void {
    const object = this.#comparison.after.name
    this.#reasons.push({ atom: user, reason: inObject(object, reason) })
  }
}

/** Whether an atom of the build before can be found by its name in the running hypervisor. */
function isUsable(atom: Atom): boolean {
  return nameOf(atom) !== undefined && !endsWithBoot(atom.meaning) && atom.meaning !== 'boot-table'
}

/** Whether constant data leads into a function and not to its entry: it is a jump table. */
function isInteriorPointer(user: Atom, reference: Reference): boolean {
  if (isCode(user.meaning) || user.meaning === 'attached') return false
  return reference.addend !== 0n || isRelative(reference.type)
}
