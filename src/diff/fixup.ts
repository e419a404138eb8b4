import type { ElfSection } from '../elf/elf-file.ts'
import type { Atom } from './atom.ts'
import { cutAtom } from './cut-section.ts'

/** A way into `.fixup`: its offset there, and from where. */
export interface FixupEntrance {
  readonly offset: number
  readonly from:
    | { readonly kind: 'function'; readonly atom: Atom }
    | { readonly kind: 'fixup'; readonly offset: number }
}

/** A run of `.fixup` that belongs to one function. */
export interface FixupRun {
  readonly atom: Atom
  readonly owner: Atom
}

/**
 * Cuts `.fixup`, which all functions of an object share, into runs of one function each.
 *
 * A run begins where a function enters and ends where another one does: between entrances of the
 * same function code may fall through, so they are kept together. Undefined where an entrance
 * belongs to two functions or the section has none.
 */
export function cutFixups(
  section: ElfSection,
  entrances: readonly FixupEntrance[],
): readonly FixupRun[] | undefined {
  const length = Number(section.byteLength)
  if (length === 0) return []
  const owners = ownersOfEntrances(entrances)
  if (owners === undefined || owners.size === 0) return undefined
  const sorted = [...owners].sort(([one], [other]) => one - other)
  const runs: { start: number; owner: Atom }[] = []
  for (const [offset, owner] of sorted) {
    if (runs.at(-1)?.owner === owner) continue
    runs.push({ start: runs.length === 0 ? 0 : offset, owner })
  }
  return runs.map(({ start, owner }, index) => {
    const end = runs[index + 1]?.start ?? length
    return { owner, atom: cutAtom(section, 'attached', { start, byteLength: end - start }) }
  })
}

function ownersOfEntrances(entrances: readonly FixupEntrance[]): Map<number, Atom> | undefined {
  const owners = new Map<number, Atom>()
  const settle = (offset: number, owner: Atom): boolean => {
    const known = owners.get(offset)
    owners.set(offset, owner)
    return known === undefined || known === owner
  }
  for (const { offset, from } of entrances) {
    if (from.kind === 'function' && !settle(offset, from.atom)) return undefined
  }
  for (const { offset, from } of entrances) {
    if (from.kind !== 'fixup') continue
    const before = [...owners.keys()].filter((start) => start <= from.offset)
    const owner = owners.get(Math.max(...before))
    if (owner === undefined || !settle(offset, owner)) return undefined
  }
  return owners
}
