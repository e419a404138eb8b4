import type { Atom, Reference } from './atom.ts'
import { ORIGINAL_LENGTH_AT, PADDING_LENGTH_AT, tableKind } from './attached-table.ts'
import type { Unit } from './unit.ts'

/**
 * Whether a reference lies where alternatives are put in: boot has put other code there in the old
 * function, and the loader of livepatches will in the new one. To turn an indirect call into a
 * direct one it reads the pointer, wherever that lies.
 */
export function isRewritten(unit: Unit, user: Atom, { at }: Reference): boolean {
  return unit.attached.some((entry) => {
    if (tableKind(entry.section.name) !== 'alternatives') return false
    const site = entry.references.find((one) => one.at === 0)?.target
    if (site?.kind !== 'atom' || site.atom !== user) return false
    const original = entry.bytes?.[ORIGINAL_LENGTH_AT] ?? 0
    const padding = entry.bytes?.[PADDING_LENGTH_AT] ?? 0
    return at >= site.offset && at < site.offset + original + padding
  })
}
