import { type Atom, nameOf, type Reference } from './atom.ts'
import { normalName } from './normal-name.ts'
import type { OpenObject } from './open-object.ts'
import { isCode } from './section-class.ts'

/** Intel SDM volume 2: an opcode and ModRM stand before the hole; longer opcodes are rare. */
const OPCODE_BYTES = 2

/**
 * Pairs variables of one name by the code around their uses.
 *
 * Two are the same if they have a use in common that no other of them has: the same instructions
 * of the same function, between the same references. One that is used as two others are has no
 * pair, nor have those.
 */
export function pairByUse(
  before: { readonly object: OpenObject; readonly atoms: readonly Atom[] },
  after: { readonly object: OpenObject; readonly atoms: readonly Atom[] },
): readonly (readonly [before: Atom, after: Atom])[] {
  const oldUses = distinctUses(before.object, before.atoms)
  const newUses = distinctUses(after.object, after.atoms)
  const found = new Map<Atom, Set<Atom>>()
  const taken = new Map<Atom, Set<Atom>>()
  for (const [use, old] of oldUses) {
    const now = newUses.get(use)
    if (now === undefined) continue
    found.set(old, (found.get(old) ?? new Set()).add(now))
    taken.set(now, (taken.get(now) ?? new Set()).add(old))
  }
  return [...found].flatMap(([old, news]): [Atom, Atom][] => {
    const [now, another] = news
    if (now === undefined || another !== undefined) return []
    return taken.get(now)?.size === 1 ? [[old, now]] : []
  })
}

/** The uses that only one of the atoms has, in words. */
function distinctUses(object: OpenObject, atoms: readonly Atom[]): ReadonlyMap<string, Atom> {
  const wanted = new Set(atoms)
  if (wanted.size === 0) return new Map()
  const users = new Map<string, Set<Atom>>()
  for (const user of object.atoms) {
    if (!isCode(user.meaning)) continue
    for (const [index, { target }] of user.references.entries()) {
      if (target.kind !== 'atom' || !wanted.has(target.atom)) continue
      const use = describeUse(user, index, target.atom)
      users.set(use, (users.get(use) ?? new Set()).add(target.atom))
    }
  }
  return new Map(
    [...users].flatMap(([use, set]): [string, Atom][] => {
      const [only, another] = set
      return only === undefined || another !== undefined ? [] : [[use, only]]
    }),
  )
}

/**
 * One use of `used`. Of other variables that share its name it does not say which they are.
 *
 * A text beside it, as of a message that is shown once, tells a use from others. Without one, all
 * code has to be the same from the instruction of the reference before it up to the one behind.
 */
function describeUse(user: Atom, index: number, used: Atom): string {
  const { bytes, references, byteLength } = user
  const around = [references[index - 1], references[index], references[index + 1]]
  const [before, use, behind] = around
  const at = use?.at ?? 0
  const targets = around.map((each) => each && describeTarget(each.target, used))
  const hasText = [before, behind].some((each) => each !== undefined && isText(each))
  const first = hasText ? at : (before?.at ?? 0)
  const start = Math.max(0, first - OPCODE_BYTES)
  const stop = hasText ? at : (behind?.at ?? byteLength)
  const isHole = (place: number): boolean =>
    around.some((hole) => hole && place >= hole.at && place < hole.at + hole.byteLength)
  const code = [...(bytes?.subarray(start, stop) ?? [])].map((byte, index) =>
    isHole(start + index) ? 0 : byte,
  )
  return JSON.stringify([normalName(nameOf(user) ?? ''), code.join(' '), ...targets])
}

function isText({ target }: Reference): boolean {
  return target.kind === 'atom' && target.atom.meaning === 'string'
}

function describeTarget(target: Reference['target'], used: Atom): string {
  if (target.kind === 'nowhere') return `nowhere ${target.section}`
  if (target.kind !== 'atom') return `${target.kind} ${target.name}`
  const { atom, offset } = target
  if (atom === used) return `itself ${offset}`
  if (atom.meaning === 'string') return `string ${(atom.bytes?.subarray(offset) ?? []).join(' ')}`
  return `${atom.meaning} ${normalName(nameOf(atom) ?? '')}`
}
