import type { MemoryFix } from '../advisory/host-facts.ts'
import { readXenAnswer } from '../channel/livepatch-answer.ts'
import { lastTransactionOf } from '../splice/journal-history.ts'
import type { JournalEntry } from '../splice/journal.ts'
import { type ListedLivepatch, recordedApply } from '../splice/patched-functions.ts'
import type { LivepatchListAnswer } from '../xen/livepatch.ts'

/** What is known of the host besides its journal. */
export interface MemoryFixesHost {
  readonly bootId: string
  /** Names of fixes that open a hole on purpose. */
  readonly labOnly: ReadonlySet<string>
  /** What Xen lists; undefined where it does not tell. */
  readonly livepatches: readonly ListedLivepatch[] | undefined
  /** The advisory that the hotfix of that name closes, where the hotfix is known here. */
  readonly advisoryOf: (hotfix: string) => string | undefined
}

/**
 * The fixes that Reweave put into memory in this boot, as Xen's list and its own journal tell.
 *
 * Without a device nobody can read the hypervisor's memory back, so of splices this is what was done
 * and verified, not what is: `reweave status` tells that. A transaction that did not end leaves the
 * state unknown, as does a fix for the lab, which may open a hole instead of closing it.
 *
 * Undefined where Xen does not tell its livepatches, and while some are applied that Reweave did not
 * apply: what they mend is not known.
 */
export function memoryFixesFrom(
  entries: readonly JournalEntry[],
  host: MemoryFixesHost,
): readonly MemoryFix[] | undefined {
  if (host.livepatches === undefined) return undefined
  const byXen: MemoryFix[] = []
  for (const { name: livepatch, state } of host.livepatches) {
    if (state === 'checked') continue
    const record = recordedApply(entries, host.bootId, livepatch)
    if (record === undefined) return undefined
    const name = record.hotfix
    const advisory = host.advisoryOf(name)
    if (advisory === undefined) continue
    const certain = state === 'applied' && !host.labOnly.has(name)
    byXen.push({ name, advisory, channel: 'livepatch', state: certain ? 'applied' : 'unknown' })
  }
  const names = new Set(
    entries.flatMap(({ bootId, record }) =>
      bootId === host.bootId && record.kind === 'begin' ? [record.plan.fix] : [],
    ),
  )
  for (const { name } of byXen) names.delete(name)
  return [...byXen, ...[...names].flatMap((name) => splicedFix(entries, host, name))]
}

/** The livepatches by Xen's answer: none where it was built without, undefined where it refused. */
export function livepatchesListed(
  answer: LivepatchListAnswer | undefined,
): readonly ListedLivepatch[] | undefined {
  if (answer === undefined || answer.kind === 'list') return answer?.payloads
  const { meaning } = readXenAnswer('list', answer.errno, [])
  return meaning === 'no-livepatch' ? [] : undefined
}

function splicedFix(
  entries: readonly JournalEntry[],
  { bootId, labOnly }: MemoryFixesHost,
  name: string,
): readonly MemoryFix[] {
  const last = lastTransactionOf(entries, name, bootId)
  if (last === undefined) return []
  const certain = last.end?.kind === 'completed' && !labOnly.has(name)
  const { goal, plan } = last.begin
  return [{ name, advisory: plan.advisory, channel: 'dma', state: certain ? goal : 'unknown' }]
}
