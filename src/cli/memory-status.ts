import type { ShelvedHotfix } from '../host/fix-shelf.ts'
import { type HostMemory, locateFix, stateInMemory } from '../host/locate-fix.ts'
import type { FixState } from '../splice/fix-state.ts'
import { lastTransactionOf } from '../splice/journal-history.ts'
import { describeState } from '../splice/state-of.ts'
import { locateFailure } from './change-report.ts'
import type { FixStatus } from './fix-status.ts'
import { statusFacts } from './journal-status.ts'
import type { OpenHost } from './open-host.ts'

/** What memory shows of a hotfix: whether its splices are there. */
export async function statusInMemory(
  host: OpenHost,
  memory: HostMemory,
  shelved: ShelvedHotfix,
): Promise<FixStatus> {
  const { name } = shelved.hotfix.manifest
  const facts = statusFacts(host, name)
  const outcome = await locateFix(memory, shelved)
  // What was never spliced need not be spliceable: it is not applied then.
  const mayBeSpliced = facts.journal !== undefined
  if (!mayBeSpliced && outcome.kind === 'no-splice-form') {
    const sentence = 'The fix is not applied: Xen lists no livepatch of it'
    return { fix: name, state: 'not-applied', channel: undefined, sentence, ...facts }
  }
  if (outcome.kind !== 'located') throw locateFailure(outcome)
  const { state, base } = outcome.located
  if (base !== undefined && base.state.kind !== 'applied') {
    const sentence = `Not applied: ${base.name}, on which it stands, is not in memory`
    return { fix: name, state: 'base-not-applied', channel: undefined, sentence, ...facts }
  }
  return { ...stateFacts(name, state), ...facts }
}

/** A hotfix whose file is gone is still known by the plan in the journal. */
export async function statusFromJournal(
  host: OpenHost,
  memory: HostMemory,
  name: string,
): Promise<FixStatus> {
  const last = lastTransactionOf(host.journalFile.entries, name, host.bootId)
  if (last === undefined) throw new RangeError(`No transaction for ${name} in this boot`)
  const read = await stateInMemory(memory.session, last.begin.plan)
  if (read.kind === 'read-failed') throw locateFailure(read)
  return { ...stateFacts(name, read.state), ...statusFacts(host, name) }
}

function stateFacts(
  fix: string,
  state: FixState,
): Pick<FixStatus, 'fix' | 'state' | 'channel' | 'sentence'> {
  const isIn = state.kind === 'applied' || state.kind === 'inconsistent'
  const channel = isIn ? 'dma' : undefined
  return { fix, state: state.kind, channel, sentence: describeState(state) }
}
