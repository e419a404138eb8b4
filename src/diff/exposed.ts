import type { Comparison } from './comparison.ts'
import type { SymbolName } from './patch.ts'
import { endsWithBoot } from './section-class.ts'

/** A global name of the build after, for what the running hypervisor has under another. */
export interface Exposed {
  readonly name: string
  readonly symbol: SymbolName
}

/**
 * Finds what was static and is global now: patches do so to use a function from another file.
 * Other objects refer to it by its global name, which the running hypervisor does not know.
 */
export function findExposed({ after, twins }: Comparison): Exposed[] {
  const exposed: Exposed[] = []
  for (const atom of after.atoms) {
    const old = twins.toBefore.get(atom)
    const [oldName] = old?.names ?? []
    if (old === undefined || oldName === undefined || endsWithBoot(old.meaning)) continue
    const known = new Set(
      old.names.map(({ name, file }) => (file === undefined ? name : undefined)),
    )
    for (const { name, file } of atom.names) {
      if (file !== undefined || known.has(name)) continue
      exposed.push({ name, symbol: { name: oldName.name, file: oldName.file } })
    }
  }
  return exposed
}
