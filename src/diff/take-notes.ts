import { labelOf, nameOf } from './atom.ts'
import { type Comparison, hasLeftBoot } from './comparison.ts'
import type { Included } from './include.ts'
import type { Note } from './note.ts'
import { endsWithBoot, isCode, isVariable } from './section-class.ts'

/** What an operator should know although nothing stands in the way. */
export function takeNotes(
  comparison: Comparison,
  included: Included,
  { editsInit }: { readonly editsInit: boolean },
): Note[] {
  const { before, after, twins } = comparison
  const object = after.name
  const notes: Note[] = []
  for (const atom of included.atoms) {
    if (nameOf(atom) === undefined) continue
    const symbol = labelOf(atom)
    const old = twins.toBefore.get(atom)
    if (atom.meaning === 'data') {
      const { byteLength } = atom
      notes.push({
        kind: 'variable-added',
        object,
        symbol,
        section: atom.section.name,
        byteLength,
      })
    } else if (old !== undefined && hasLeftBoot(old, atom) && isCode(atom.meaning)) {
      notes.push({ kind: 'init-code-copied', object, symbol })
    } else if (old !== undefined && !isCode(atom.meaning)) {
      notes.push({ kind: 'constant-replaced', object, symbol, section: atom.section.name })
    }
  }
  for (const { before: unit } of editsInit ? [] : comparison.changed) {
    if (!endsWithBoot(unit.entry.meaning)) continue
    notes.push({ kind: 'init-code-differs', object, symbol: labelOf(unit.entry) })
  }
  for (const { symbol, user } of included.bootUses) {
    notes.push({ kind: 'init-reference-kept', object, symbol, user })
  }
  for (const { entry } of comparison.removed) {
    if (endsWithBoot(entry.meaning)) continue
    notes.push({ kind: 'function-removed', object, symbol: labelOf(entry) })
  }
  for (const atom of before.atoms) {
    if (!isVariable(atom.meaning) || nameOf(atom) === undefined || twins.toAfter.has(atom)) continue
    notes.push({ kind: 'variable-removed', object, symbol: labelOf(atom) })
  }
  return notes
}
