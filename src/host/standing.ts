import { readLivepatchName } from '../channel/livepatch-name.ts'
import type { BuildId } from '../image/build-id.ts'
import { lastTransactionOf, type RecordedTransaction } from '../splice/journal-history.ts'
import type { JournalEntry } from '../splice/journal.ts'
import { type ListedLivepatch, recordedApply } from '../splice/patched-functions.ts'

/**
 * The channel by which a hotfix is in the hypervisor, or may be.
 *
 * Of a livepatch, what Xen lists tells. Of splices the journal of this boot tells where to look, and
 * memory whether they are there.
 */
export type Standing =
  | {
      readonly channel: 'livepatch'
      /** As Xen lists the payload. */
      readonly livepatch: string
      /** The payload's, by the journal. */
      readonly buildId: BuildId | undefined
      readonly state: 'applied' | 'loaded'
    }
  | { readonly channel: 'dma'; readonly last: RecordedTransaction }

/** Undefined where nothing says that the hotfix got in during this boot. */
export function standingOf(
  hotfix: string,
  journal: { readonly entries: readonly JournalEntry[]; readonly bootId: string },
  listed: readonly ListedLivepatch[],
): Standing | undefined {
  const { entries, bootId } = journal
  const ours = listed.filter(({ name }) => {
    const recorded = recordedApply(entries, bootId, name)?.hotfix
    return (recorded ?? readLivepatchName(name)?.hotfix) === hotfix
  })
  const inUse = ours.find(({ state }) => state !== 'checked')
  const last = lastTransactionOf(entries, hotfix, bootId)
  const takenOut = last?.begin.goal === 'not-applied' && last.end?.kind === 'completed'
  if (inUse === undefined && last !== undefined && !takenOut) return { channel: 'dma', last }
  const payload = inUse ?? ours[0]
  if (payload === undefined) return undefined
  return {
    channel: 'livepatch',
    livepatch: payload.name,
    buildId: recordedApply(entries, bootId, payload.name)?.buildId,
    state: inUse === undefined ? 'loaded' : 'applied',
  }
}
