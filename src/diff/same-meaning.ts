import { R_X86_64 } from '../elf/definitions.ts'
import { type Atom, nameOf, type Reference } from './atom.ts'
import { distanceOfAddend } from './attached-table.ts'
import { isNumbered, normalName } from './normal-name.ts'
import { isCode, isConstant } from './section-class.ts'
import type { Twins } from './twins.ts'
import type { Unit, Units } from './unit.ts'

/**
 * Compares atoms of two builds of one object by what they mean.
 *
 * Bytes must be equal outside of the holes, and holes must lead to the same: symbols to their
 * twins, strings and nameless constants to equal content, whatever their place. Line numbers of
 * bug frames may differ.
 */
export class Meaning {
  readonly #twins: Twins
  readonly #unitsBefore: Units
  readonly #unitsAfter: Units
  readonly #known = new Map<Atom, Map<Atom, boolean>>()
  /** The pairs taken for equal so far, in their order. */
  readonly #trail: (readonly [before: Atom, after: Atom])[] = []

  constructor(twins: Twins, units: { readonly before: Units; readonly after: Units }) {
    this.#twins = twins
    this.#unitsBefore = units.before
    this.#unitsAfter = units.after
  }

  sameUnit(before: Unit, after: Unit): boolean {
    return (
      this.#sameList(before.code, after.code) && this.#sameList(before.attached, after.attached)
    )
  }

  sameAtom(before: Atom, after: Atom): boolean {
    const known = this.#known.get(before)?.get(after)
    if (known !== undefined) return known
    // Constants may refer to each other in a circle: until something differs, they are equal.
    const mark = this.#trail.length
    this.#remember(before, after, true)
    this.#trail.push([before, after])
    const same =
      before.byteLength === after.byteLength &&
      this.#sameReferences(before, after) &&
      sameBytes(before, after)
    if (same) return true
    // What was found equal meanwhile may have leant on this pair, so it has to be asked again.
    for (const [old, now] of this.#trail.splice(mark)) this.#known.get(old)?.delete(now)
    this.#remember(before, after, false)
    return false
  }

  /** Where the first difference lies, for messages. */
  firstDifference(before: Atom, after: Atom): number {
    const ends = Math.min(before.byteLength, after.byteLength)
    for (let at = 0; at < ends; at += 1) {
      const old = before.references.find((one) => one.at === at)
      const now = after.references.find((one) => one.at === at)
      if ((old === undefined) !== (now === undefined)) return at
      if (old !== undefined && now !== undefined) {
        if (!this.#sameReference(before, old, now)) return at
        at += old.byteLength - 1
      } else if ((before.bytes?.[at] ?? 0) !== (after.bytes?.[at] ?? 0)) return at
    }
    return ends
  }

  #remember(before: Atom, after: Atom, answer: boolean): void {
    const answers = this.#known.get(before) ?? new Map<Atom, boolean>()
    this.#known.set(before, answers.set(after, answer))
  }

  #sameList(before: readonly Atom[], after: readonly Atom[]): boolean {
    return (
      before.length === after.length &&
      before.every((atom, index) => {
        const other = after[index]
        if (other === undefined) return false
        const samePlace = isCode(atom.meaning) || atom.section.name === other.section.name
        return samePlace && this.sameAtom(atom, other)
      })
    )
  }

  #sameReferences(before: Atom, after: Atom): boolean {
    return (
      before.references.length === after.references.length &&
      before.references.every((reference, index) => {
        const other = after.references[index]
        return other !== undefined && this.#sameReference(before, reference, other)
      })
    )
  }

  #sameReference(holder: Atom, before: Reference, after: Reference): boolean {
    if (before.at !== after.at || before.byteLength !== after.byteLength) return false
    if (plainType(before.type) !== plainType(after.type)) return false
    return this.#sameTarget(holder, before, after)
  }

  #sameTarget(holder: Atom, before: Reference, after: Reference): boolean {
    const old = before.target
    const now = after.target
    const addendOf = holder.section.name.startsWith('.bug_frames.')
      ? ({ addend }: Reference): bigint => distanceOfAddend(addend)
      : ({ addend }: Reference): bigint => addend
    if (old.kind === 'atom' && now.kind === 'atom') {
      if (isContent(old.atom) && isContent(now.atom)) {
        return (
          addendOf(before) === addendOf(after) &&
          this.#sameContent(old.atom, now.atom, { before: old.offset, after: now.offset })
        )
      }
      const whole = (reference: Reference, offset: number): bigint =>
        addendOf({ ...reference, addend: reference.addend + BigInt(offset) })
      return (
        whole(before, old.offset) === whole(after, now.offset) && this.#areSame(old.atom, now.atom)
      )
    }
    if (old.kind === 'nowhere' && now.kind === 'nowhere') {
      return old.section === now.section && old.offset === now.offset
    }
    if (old.kind === 'atom' || now.kind === 'atom') return false
    if (old.kind === 'nowhere' || now.kind === 'nowhere') return false
    return old.kind === now.kind && old.name === now.name && addendOf(before) === addendOf(after)
  }

  #sameContent(
    old: Atom,
    now: Atom,
    offsets: { readonly before: number; readonly after: number },
  ): boolean {
    if (old.meaning === 'string' && now.meaning === 'string') {
      const rest = old.bytes?.subarray(offsets.before)
      return equalBytes(rest, now.bytes?.subarray(offsets.after))
    }
    return offsets.before === offsets.after && this.sameAtom(old, now)
  }

  /** Whether two atoms are one and the same in the running hypervisor, or as good as. */
  #areSame(old: Atom, now: Atom): boolean {
    const unitBefore = this.#unitsBefore.byPart.get(old)
    const unitAfter = this.#unitsAfter.byPart.get(now)
    if (unitBefore !== undefined && unitAfter !== undefined) {
      if (this.#twins.toBefore.get(unitAfter.entry) !== unitBefore.entry) return false
      return partOf(unitBefore, old) === partOf(unitAfter, now)
    }
    if (this.#twins.toBefore.get(now) === old) {
      return !isConstant(now.meaning) || this.sameAtom(old, now)
    }
    const sameNumbered = isNumberedConstant(old) && isNumberedConstant(now)
    const nameless = nameOf(old) === undefined && nameOf(now) === undefined
    const sameSection = normalName(old.section.name) === normalName(now.section.name)
    return (sameNumbered || nameless) && sameSection && this.sameAtom(old, now)
  }
}

function partOf(unit: Unit, atom: Atom): number {
  if (atom === unit.entry) return 0
  const index = unit.code.indexOf(atom)
  return index === -1 ? unit.code.length + unit.attached.indexOf(atom) : index
}

function isNumberedConstant(atom: Atom): boolean {
  return isConstant(atom.meaning) && isNumbered(nameOf(atom) ?? '')
}

/** Whether only the content of an atom counts: nobody named it, and it never changes. */
function isContent(atom: Atom): boolean {
  return isConstant(atom.meaning) && nameOf(atom) === undefined
}

/** Calls of local and global functions have different relocations and the same meaning. */
function plainType(type: Reference['type']): Reference['type'] {
  return type === R_X86_64.PLT32 ? R_X86_64.PC32 : type
}

function sameBytes(before: Atom, after: Atom): boolean {
  if (before.bytes === undefined && after.bytes === undefined) return true
  const { byteLength } = before
  const isHole = new Uint8Array(byteLength)
  for (const { at, byteLength: width } of before.references) isHole.fill(1, at, at + width)
  for (let at = 0; at < byteLength; at += 1) {
    // A variable may move between .bss and .data: what has no bytes in the file is zero.
    if (isHole[at] === 0 && (before.bytes?.[at] ?? 0) !== (after.bytes?.[at] ?? 0)) return false
  }
  return true
}

function equalBytes(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  if (one === undefined || other === undefined || one.length !== other.length) return false
  return one.every((byte, index) => byte === other[index])
}
