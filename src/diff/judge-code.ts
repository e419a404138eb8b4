import { type Atom, labelOf, nameOf } from './atom.ts'
import type { Comparison } from './comparison.ts'
import { functionBytes, neededForJump } from './entry-room.ts'
import type { Included } from './include.ts'
import { needsJump } from './jump-needed.ts'
import { inObject, type Reason, type ReasonIn } from './reason.ts'
import { endsWithBoot } from './section-class.ts'

/** Says of every function that changed whether its new code can take the old one's place. */
export function judgeCode(
  comparison: Comparison,
  included: Included,
  { editsInit }: { readonly editsInit: boolean },
): Reason[] {
  const reasons: ReasonIn[] = []
  for (const { before, after } of comparison.changed) {
    const { entry } = before
    if (endsWithBoot(entry.meaning)) {
      const symbol = labelOf(entry)
      const section = entry.section.name
      if (editsInit) reasons.push({ kind: 'init-code-changed', symbol, section })
      continue
    }
    if (comparison.twins.guessed.has(after.entry)) {
      const candidates = [labelOf(entry), labelOf(after.entry)]
      reasons.push({
        kind: 'symbol-ambiguous',
        symbol: labelOf(entry),
        user: undefined,
        candidates,
      })
    }
    if (endsWithBoot(after.entry.meaning)) {
      const { section } = after.entry
      reasons.push({ kind: 'init-code-changed', symbol: labelOf(entry), section: section.name })
      continue
    }
    const neededBytes = neededForJump(entry)
    const byteLength = functionBytes(entry)
    if (byteLength < neededBytes && needsJump(comparison, { before, after })) {
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

function sharesItsSection(comparison: Comparison, entry: Atom): boolean {
  return comparison.after.atoms.some(
    (other) =>
      other !== entry && other.section.index === entry.section.index && nameOf(other) !== undefined,
  )
}

function notSplit(entry: Atom): ReasonIn {
  return { kind: 'sections-not-split', symbol: labelOf(entry), section: entry.section.name }
}
