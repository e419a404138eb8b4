import { type Atom, labelOf } from './atom.ts'
import type { Comparison } from './comparison.ts'
import { inObject, type Reason } from './reason.ts'
import { isConstant } from './section-class.ts'

/**
 * Says what differs in an object made from assembler.
 *
 * Its labels are not functions: code falls through from one to the next and is entered anywhere,
 * so any difference is refused, by the label before it.
 */
export function judgeAssembler(comparison: Comparison): Reason[] {
  const { before, after, twins, meaning } = comparison
  const differing = new Map<string, Atom>()
  const tell = (atom: Atom): void => {
    differing.set(`${atom.section.name} ${labelOf(atom)}`, atom)
  }
  for (const { after: unit } of comparison.changed) tell(unit.entry)
  for (const { entry } of [...comparison.added, ...comparison.removed]) tell(entry)
  const matched = new Set<Atom>()
  for (const atom of after.atoms.filter((one) => !comparison.units.after.byPart.has(one))) {
    const old =
      twins.toBefore.get(atom) ??
      before.atoms.find((one) => !matched.has(one) && meaning.sameAtom(one, atom))
    if (old === undefined || !meaning.sameAtom(old, atom)) tell(atom)
    if (old !== undefined) matched.add(old)
  }
  for (const atom of before.atoms) {
    if (matched.has(atom) || comparison.units.before.byPart.has(atom)) continue
    if (!isConstant(atom.meaning)) tell(atom)
  }
  return [...differing.values()].map((atom) =>
    inObject(after.name, {
      kind: 'assembler-changed',
      symbol: labelOf(atom),
      section: atom.section.name,
    }),
  )
}
