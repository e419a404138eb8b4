import { type Atom, nameOf } from './atom.ts'
import { pairByUse } from './pair-by-use.ts'
import { isNumbered, normalName } from './normal-name.ts'
import type { OpenObject } from './open-object.ts'
import { isCode, isVariable } from './section-class.ts'

/** Which function or variable of one build is which of the other. */
export interface Twins {
  readonly toBefore: ReadonlyMap<Atom, Atom>
  readonly toAfter: ReadonlyMap<Atom, Atom>
  /** Those after of which it is not certain: several share name, size and users. */
  readonly guessed: ReadonlySet<Atom>
  /** Variables after that are new or one of these, and nothing tells. */
  readonly doubtful: ReadonlyMap<Atom, readonly Atom[]>
  /** Atoms after that would be the twin of one that has a twin already. */
  readonly split: ReadonlyMap<Atom, Atom>
  /** Atoms before whose name is one of several that an atom after has, the twin of another. */
  readonly merged: ReadonlyMap<Atom, Atom>
}

/**
 * Pairs the named atoms of two builds of one object.
 *
 * A name that no compiler has numbered pairs by itself. Numbered ones (`last.0`, `foo.part.1`)
 * pair by the name without numbers if there is one of it on each side; else by content, size
 * and who uses them, variables then by where these do, and last by their order. What is left over
 * among functions and constants counts as new, which is always right: their users then differ. Of
 * variables it is not known, for a new one would forget the value of the old.
 */
export function findTwins(before: OpenObject, after: OpenObject): Twins {
  const pairing = new Pairing(before, after)
  const oldByName = byName(before)
  const newGroups = groupByNormalName(after)
  for (const [key, group] of newGroups) {
    for (const atom of group) {
      const exact = atom.names.filter(({ name }) => !isNumbered(name))
      for (const { name } of exact) {
        const old = oldByName.get(`${kindOf(atom)} ${name}`)
        if (old !== undefined) pairing.pair(old, atom)
      }
    }
    if (group.every((atom) => !hasNumber(atom))) newGroups.delete(key)
  }
  const oldGroups = groupByNormalName(before)
  const oldUsers = usersOf(before)
  const newUsers = usersOf(after)
  for (const [key, group] of newGroups) {
    const olds = (oldGroups.get(key) ?? []).filter(hasNumber)
    const news = group.filter(hasNumber)
    pairing.pairGroup(olds, news, (atom) => oldUsers.get(atom) ?? newUsers.get(atom) ?? '')
  }
  for (const [key, group] of groupByNormalName(after)) {
    pairing.doubtLeftOver(oldGroups.get(key) ?? [], group)
  }
  return pairing
}

class Pairing implements Twins {
  readonly toBefore = new Map<Atom, Atom>()
  readonly toAfter = new Map<Atom, Atom>()
  readonly guessed = new Set<Atom>()
  readonly doubtful = new Map<Atom, readonly Atom[]>()
  readonly split = new Map<Atom, Atom>()
  readonly merged = new Map<Atom, Atom>()
  readonly #before: OpenObject
  readonly #after: OpenObject

  constructor(before: OpenObject, after: OpenObject) {
    this.#before = before
    this.#after = after
  }

  pair(before: Atom, after: Atom): void {
    const known = this.toBefore.get(after)
    if (known === before) return
    if (known !== undefined) this.merged.set(before, after)
    else if (this.toAfter.has(before)) this.split.set(after, before)
    else {
      this.toBefore.set(after, before)
      this.toAfter.set(before, after)
    }
  }

  pairGroup(olds: readonly Atom[], news: readonly Atom[], users: (atom: Atom) => string): void {
    const [onlyOld] = olds
    const [onlyNew] = news
    if (olds.length === 1 && news.length === 1 && onlyOld && onlyNew) {
      // A variable that one function lost and another gained is not the same one.
      const isOther = isVariable(onlyNew.meaning) && areStrangers(users(onlyOld), users(onlyNew))
      if (!isOther) this.pair(onlyOld, onlyNew)
      return
    }
    const signatures = [
      (atom: Atom) => `${atom.byteLength} ${contentOf(atom)} ${users(atom)}`,
      (atom: Atom) => `${atom.byteLength} ${users(atom)}`,
    ] as const
    for (const signature of signatures) this.#pairUnique(olds, news, signature)
    for (const { left, right } of this.#matches(olds, news, signatures[0])) {
      const pairs = pairByUse(
        { object: this.#before, atoms: left.filter(({ meaning }) => isVariable(meaning)) },
        { object: this.#after, atoms: right.filter(({ meaning }) => isVariable(meaning)) },
      )
      for (const [old, now] of pairs) this.pair(old, now)
    }
    for (const signature of signatures) this.#pairInOrder(olds, news, signature)
  }

  /** Variables of one name, numbered or not: one may have moved into a function or out of it. */
  doubtLeftOver(olds: readonly Atom[], news: readonly Atom[]): void {
    const left = olds.filter((atom) => isVariable(atom.meaning) && !this.toAfter.has(atom))
    if (left.length === 0) return
    for (const atom of news) {
      if (!this.toBefore.has(atom) && isVariable(atom.meaning)) this.doubtful.set(atom, left)
    }
  }

  #pairUnique(
    olds: readonly Atom[],
    news: readonly Atom[],
    signature: (atom: Atom) => string,
  ): void {
    for (const { left, right } of this.#matches(olds, news, signature)) {
      const [old] = left
      const [now] = right
      if (left.length === 1 && right.length === 1 && old && now) this.pair(old, now)
    }
  }

  #pairInOrder(
    olds: readonly Atom[],
    news: readonly Atom[],
    signature: (atom: Atom) => string,
  ): void {
    for (const { left, right } of this.#matches(olds, news, signature)) {
      if (left.length !== right.length) continue
      for (const [index, old] of left.entries()) {
        const now = right[index]
        if (now === undefined) continue
        this.pair(old, now)
        this.guessed.add(now)
      }
    }
  }

  #matches(
    olds: readonly Atom[],
    news: readonly Atom[],
    signature: (atom: Atom) => string,
  ): { readonly left: readonly Atom[]; readonly right: readonly Atom[] }[] {
    const free = olds.filter((atom) => !this.toAfter.has(atom))
    const left = Map.groupBy(free, signature)
    const right = Map.groupBy(
      news.filter((atom) => !this.toBefore.has(atom)),
      signature,
    )
    return [...left].map(([key, atoms]) => ({ left: atoms, right: right.get(key) ?? [] }))
  }
}

/** Whether two lists of users have nobody in common. */
function areStrangers(one: string, other: string): boolean {
  const names = new Set(one.split(' '))
  return one !== '' && other !== '' && !other.split(' ').some((name) => names.has(name))
}

function byName(object: OpenObject): ReadonlyMap<string, Atom> {
  return new Map(
    object.atoms.flatMap((atom) =>
      atom.names.map(({ name }) => [`${kindOf(atom)} ${name}`, atom] as const),
    ),
  )
}

function groupByNormalName(object: OpenObject): Map<string, Atom[]> {
  const named = object.atoms.filter((atom) => nameOf(atom) !== undefined)
  return Map.groupBy(named, (atom) => `${kindOf(atom)} ${normalName(nameOf(atom) ?? '')}`)
}

function kindOf(atom: Atom): 'code' | 'data' {
  return isCode(atom.meaning) ? 'code' : 'data'
}

function hasNumber(atom: Atom): boolean {
  return atom.names.every(({ name }) => isNumbered(name))
}

/**
 * For every atom, the names of those that refer to it: of functions as their author wrote them,
 * for a compiler may take a part out of one or tailor it in one build and not in the other.
 */
function usersOf(object: OpenObject): ReadonlyMap<Atom, string> {
  const users = new Map<Atom, Set<string>>()
  for (const user of object.atoms) {
    for (const { target } of user.references) {
      if (target.kind !== 'atom') continue
      const names = users.get(target.atom) ?? new Set()
      users.set(target.atom, names.add(writtenName(user)))
    }
  }
  return new Map([...users].map(([atom, names]) => [atom, [...names].sort().join(' ')]))
}

function writtenName(user: Atom): string {
  const name = nameOf(user) ?? ''
  return isCode(user.meaning) ? name.replace(/(?<=.)\..*$/, '') : normalName(name)
}

/** The bytes outside of all holes, and what fills these as far as it is told without pairs. */
function contentOf(atom: Atom): string {
  const bytes = [...(atom.bytes ?? [])]
  for (const { at, byteLength } of atom.references) bytes.fill(0, at, at + byteLength)
  const targets = atom.references.map(({ at, target }) => {
    const name = target.kind === 'atom' ? normalName(nameOf(target.atom) ?? '') : target.kind
    return `${at}:${name}`
  })
  return `${bytes.join(',')} ${targets.join(',')}`
}
