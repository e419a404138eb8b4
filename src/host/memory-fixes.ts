import type { MemoryFix } from '../advisory/host-facts.ts'
import { lastTransactionOf } from '../splice/journal-history.ts'
import type { JournalEntry } from '../splice/journal.ts'

/**
 * The fixes that Reweave put into memory in this boot, as its journal tells.
 *
 * Without a device nobody can read the hypervisor's memory back, so this is what was done and
 * verified, not what is: `reweave status` tells that. A transaction that did not end leaves the
 * state unknown, as does a fix for the lab, which may open a hole instead of closing it.
 *
 * Undefined while livepatches are loaded that Reweave did not load: what they mend is not known.
 */
export function memoryFixesFrom(
  entries: readonly JournalEntry[],
  host: {
    readonly bootId: string
    readonly labOnly: ReadonlySet<string>
    readonly loadedLivepatches: number | undefined
  },
): readonly MemoryFix[] | undefined {
  if ((host.loadedLivepatches ?? 0) > 0) return undefined
  const names = new Set(
    entries.flatMap(({ bootId, record }) =>
      bootId === host.bootId && record.kind === 'begin' ? [record.plan.fix] : [],
    ),
  )
  return [...names].flatMap((name) => {
    const last = lastTransactionOf(entries, name, host.bootId)
    if (last === undefined) return []
    const certain = last.end?.kind === 'completed' && !host.labOnly.has(name)
    return {
      name,
      advisory: last.begin.plan.advisory,
      channel: 'dma' as const,
      state: certain ? last.begin.goal : 'unknown',
    }
  })
}
