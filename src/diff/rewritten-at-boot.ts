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
    const site = entry.references.find((one) => one.at === 0)?.target
    if (site?.kind !== 'atom' || site.atom !== user) return false
    return at >= site.offset && at < site.offset + siteBytes(entry)
  })
}

function siteBytes({ section, bytes }: Atom): number {
  switch (tableKind(section.name)) {
    case 'alternatives':
      return (bytes?.[ORIGINAL_LENGTH_AT] ?? 0) + (bytes?.[PADDING_LENGTH_AT] ?? 0)
    case 'call-sites':
      return INDIRECT_CALL_BYTES
    case 'bug-frames':
    case 'exceptions':
    case undefined:
      return 0
  }
}

/** `call *pointer(%rip)`, of which boot makes a direct call and a NOP. */
const INDIRECT_CALL_BYTES = 6
