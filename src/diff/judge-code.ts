import { type Atom, labelOf, nameOf } from './atom.ts'
import type { Comparison } from './comparison.ts'
import type { Included } from './include.ts'
import { inObject, type Reason, type ReasonIn } from './reason.ts'
import { endsWithBoot } from './section-class.ts'

// xen/include/public/sysctl.h and xen/arch/x86/livepatch.c: Xen puts a 5-byte jump over the entry,
// behind an ENDBR64 of 4 bytes where there is one.
const JUMP_BYTES = 5
const ENDBR64 = [0xf3, 0x0f, 0x1e, 0xfa] as const

/** Says of every function that changed whether its new code can take the old one's place. */
export function judgeCode(comparison: Comparison, included: Included): Reason[] {
  const reasons: ReasonIn[] = []
  for (const { before, after } of comparison.changed) {
    const { entry } = before
    if (endsWithBoot(entry.meaning)) {
      reasons.push({
        kind: 'init-code-changed',
        symbol: labelOf(entry),
        section: entry.section.name,
      })
      continue
    }
    const neededBytes = neededForJump(entry)
    const byteLength = functionBytes(entry)
    if (byteLength < neededBytes) {
      reasons.push({
        kind: 'function-too-short',
        symbol: labelOf(entry),
        byteLength,
        neededBytes,
      })
    }
    if (sharesItsSection(comparison, after.entry)) reasons.push(notSplit(after.entry))
  }
  const isIncluded = new Set(included.atoms)
  for (const { entry } of comparison.added) {
    if (isIncluded.has(entry) && sharesItsSection(comparison, entry)) reasons.push(notSplit(entry))
  }
  return reasons.map((reason) => inObject(comparison.after.name, reason))
}

/** How long a function is by its symbol; all of its section where the symbol does not say. */
export function functionBytes(entry: Atom): number {
  const sizes = entry.names.map(({ byteLength }) => byteLength)
  const size = Math.max(0, ...sizes)
  return size === 0 ? entry.byteLength : size
}

function neededForJump(entry: Atom): number {
  const isMarked = ENDBR64.every((byte, index) => entry.bytes?.[index] === byte)
  return isMarked ? JUMP_BYTES + ENDBR64.length : JUMP_BYTES
}

function sharesItsSection(comparison: Comparison, entry: Atom): boolean {
  return comparison.after.atoms.some(
    (other) =>
      other !== entry && other.section.index === entry.section.index && nameOf(other) !== undefined,
  )
}

function notSplit(entry: Atom): ReasonIn {
  return { kind: 'sections-not-split', symbol: labelOf(entry), section: entry.section.name }
}
