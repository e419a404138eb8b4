import { type Atom, isGlobal, labelOf, nameOf } from './atom.ts'
import type { Comparison } from './comparison.ts'
import { dataAsText } from './data-as-text.ts'
import { type Change, inObject, type Reason, type ReasonIn } from './reason.ts'
import { endsWithBoot, isCode, isConstant } from './section-class.ts'
import { mayBeStored } from './stored-pointers.ts'

/**
 * Says of every variable, constant and table entry whether its change can be brought in live.
 *
 * The running hypervisor keeps the variables that it has, with their values; what only boot reads
 * or sets up comes too late; a constant can be replaced by a copy, but only for users that are
 * replaced too.
 */
export function judgeData(comparison: Comparison): Reason[] {
  const { before, after, twins } = comparison
  const reasons: ReasonIn[] = []
  for (const atom of after.atoms) {
    if (isCode(atom.meaning)) continue
    const old = twins.toBefore.get(atom)
    if (old !== undefined) reasons.push(...judgePair(comparison, old, atom))
    else if (nameOf(atom) !== undefined) reasons.push(...judgeAdded(atom))
  }
  for (const atom of before.atoms) {
    if (isCode(atom.meaning) || nameOf(atom) === undefined || twins.toAfter.has(atom)) continue
    if (atom.meaning === 'boot-table') reasons.push(tableReason(atom, 'removed'))
  }
  for (const [atom, old] of twins.split) {
    reasons.push({
      kind: 'alias-split',
      symbol: labelOf(old),
      names: [labelOf(twins.toAfter.get(old) ?? atom), labelOf(atom)],
    })
  }
  for (const [old, atom] of twins.merged) {
    const candidates = [labelOf(old), labelOf(twins.toBefore.get(atom) ?? atom)]
    reasons.push({ kind: 'symbol-ambiguous', symbol: labelOf(old), user: undefined, candidates })
  }
  return reasons.map((reason) => inObject(after.name, reason))
}

function judgePair(comparison: Comparison, before: Atom, after: Atom): readonly ReasonIn[] {
  const symbol = labelOf(before)
  const section = before.section.name
  const wasSealed = isConstant(before.meaning) || before.meaning === 'ro-after-init'
  if ((before.meaning === 'per-cpu') !== (after.meaning === 'per-cpu')) {
    return [{ kind: 'per-cpu-changed', symbol, section }]
  }
  if (wasSealed && after.meaning === 'data') return [{ kind: 'became-writable', symbol, section }]
  if (comparison.meaning.sameAtom(before, after)) return judgeAlignment(before, after)
  switch (before.meaning) {
    case 'boot-table':
      return [tableReason(before, 'changed')]
    case 'init-data':
      return [{ kind: 'init-data-changed', symbol, section }]
    case 'per-cpu':
      return [{ kind: 'per-cpu-changed', symbol, section }]
    case 'constant':
    case 'constant-pool':
      return judgeConstant(comparison, before)
    case 'unknown':
    case 'hook':
      // Told about the section as a whole.
      return []
    default:
      return [dataReason(comparison, before, after)]
  }
}

/** Told only of a variable with a section of its own: that of a shared one is the largest of all. */
function judgeAlignment(before: Atom, after: Atom): readonly ReasonIn[] {
  const [was, is] = [before, after].map(({ section }) => Number(section.alignment))
  const isAlone = [before, after].every(
    ({ byteLength, section }) => BigInt(byteLength) === section.byteLength,
  )
  if (was === undefined || is === undefined || was >= is || !isAlone) return []
  if (endsWithBoot(before.meaning) || before.meaning === 'boot-table') return []
  const symbol = labelOf(before)
  const section = before.section.name
  return [{ kind: 'alignment-raised', symbol, section, before: was, after: is }]
}

function judgeConstant(comparison: Comparison, before: Atom): readonly ReasonIn[] {
  const users = [
    ...(isGlobal(before) ? ['other objects'] : []),
    ...(mayBeStored(comparison.before, before) ? ['whoever has a pointer to it'] : []),
  ]
  if (users.length === 0) return []
  const section = before.section.name
  return [{ kind: 'constant-changed-elsewhere', symbol: labelOf(before), section, users }]
}

function dataReason(comparison: Comparison, before: Atom, after: Atom): ReasonIn {
  const symbol = labelOf(before)
  const section = before.section.name
  if (before.byteLength !== after.byteLength) {
    return {
      kind: 'data-removed-or-resized',
      symbol,
      section,
      beforeBytes: before.byteLength,
      afterBytes: after.byteLength,
    }
  }
  const at = comparison.meaning.firstDifference(before, after)
  return {
    kind: 'data-changed',
    symbol,
    section,
    at,
    before: dataAsText(before, at),
    after: dataAsText(after, at),
  }
}

function judgeAdded(atom: Atom): readonly ReasonIn[] {
  const { byteLength } = atom
  const symbol = labelOf(atom)
  const section = atom.section.name
  switch (atom.meaning) {
    case 'boot-table':
      return [tableReason(atom, 'added')]
    case 'per-cpu':
      return [{ kind: 'per-cpu-added', symbol, section, byteLength }]
    case 'ro-after-init':
      return [{ kind: 'persistent-state', symbol, section, byteLength }]
    default:
      return []
  }
}

/** What changed in a table of boot, under the name that people know such a table by. */
export function tableReason(atom: Atom, change: Change): ReasonIn {
  const section = atom.section.name
  const symbol = labelOf(atom)
  if (section === '.init.setup' || section.startsWith('.data.param')) {
    return { kind: 'boot-parameter-changed', symbol, section, change }
  }
  if (section.startsWith('.initcall')) return { kind: 'initcall-changed', symbol, section, change }
  return { kind: 'boot-table-changed', symbol, section, change }
}

/** Whether an atom is of no use to anybody once boot is over. */
export function isOfBootOnly(atom: Atom): boolean {
  return endsWithBoot(atom.meaning) || atom.meaning === 'boot-table'
}
