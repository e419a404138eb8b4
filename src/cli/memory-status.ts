import type { Bundle } from '../hotfix/bundle.ts'
import type { ShelvedHotfix } from '../host/fix-shelf.ts'
import { describeFunctionTaken, findFunctionTaken } from '../host/function-taken.ts'
import { type HostMemory, locateFix, stateInMemory } from '../host/locate-fix.ts'
import { hasLivepatchForm } from '../host/splice-source.ts'
import { describePlanRefusal } from '../splice/describe-plan-refusal.ts'
import type { FixState } from '../splice/fix-state.ts'
import { describeSpliceRefusal } from '../splice/payload/describe-splice-refusal.ts'
import type { SpliceRefusal } from '../splice/payload/splice-refusal.ts'
import { lastTransactionOf } from '../splice/journal-history.ts'
import { describeState } from '../splice/state-of.ts'
import { locateFailure } from './change-report.ts'
import type { FixStatus } from './fix-status.ts'
import { type BootJournal, statusFacts } from './journal-status.ts'

/** What memory shows of a hotfix: whether its splices are there. */
export async function statusInMemory(
  host: BootJournal,
  memory: HostMemory,
  shelved: ShelvedHotfix,
): Promise<FixStatus> {
  const { name } = shelved.hotfix.manifest
  const facts = statusFacts(host, name)
  if (facts.journal === undefined) {
    const found = await findFunctionTaken(memory, shelved.hotfix)
    if (found.kind === 'read-failed') throw locateFailure(found)
    // The bytes are a livepatch's then, which is no reason to call them foreign.
    if (found.kind === 'function-taken' && found.taken.channel === 'livepatch') {
      const sentence = `The fix is not applied: ${describeFunctionTaken(found.taken)}`
      return { fix: name, state: 'not-applied', channel: undefined, sentence, ...facts }
    }
  }
  const outcome = await locateFix(memory, shelved)
  if (outcome.kind === 'no-splice-form' || outcome.kind === 'not-spliceable') {
    // One hotfix that cannot be spliced here and now must not hide how the others are.
    if (facts.journal !== undefined) return statusFromJournal(host, memory, name)
    const why = outcome.kind === 'not-spliceable' ? describeAll(outcome.refusals) : ''
    const sentence = `${NEITHER}${why}`
    return { fix: name, state: 'not-applied', channel: undefined, sentence, ...facts }
  }
  if (outcome.kind === 'not-plannable') {
    if (facts.journal !== undefined) return statusFromJournal(host, memory, name)
    const why = outcome.refusals.map(describePlanRefusal).join('. ')
    return {
      fix: name,
      state: 'unknown',
      channel: undefined,
      sentence: `Not known: ${why}`,
      ...facts,
    }
  }
  if (outcome.kind !== 'located') throw locateFailure(outcome)
  const { state, base } = outcome.located
  if (base !== undefined && base.state.kind !== 'applied') {
    const sentence = `Not applied: ${base.name}, on which it stands, is not in memory`
    return { fix: name, state: 'base-not-applied', channel: undefined, sentence, ...facts }
  }
  return { ...stateFacts(name, state), ...facts }
}

/**
 * What can be said of a hotfix where the DMA channel cannot be opened.
 *
 * One that Xen does not list and that no splices were begun for is not in, as `revert` has it too. Of a
 * fix that was written by hand memory alone tells: `hotfix` is undefined, or has no livepatch form.
 */
export function statusUnread(
  host: BootJournal,
  name: string,
  hotfix: Bundle | undefined,
  why: string,
): FixStatus {
  const facts = statusFacts(host, name)
  const isOut = hotfix !== undefined && hasLivepatchForm(hotfix) && facts.journal === undefined
  const sentence = isOut ? `${NEITHER}. Memory was not read: ${why}` : `Not known: ${why}`
  const state = isOut ? 'not-applied' : 'unknown'
  return { fix: name, state, channel: undefined, sentence, ...facts }
}

const NEITHER = "The fix is not applied: neither Xen's list nor the journal has it"

/** A hotfix whose file is gone is still known by the plan in the journal. */
export async function statusFromJournal(
  host: BootJournal,
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

function describeAll(refusals: readonly SpliceRefusal[]): string {
  return `. ${refusals.map(describeSpliceRefusal).join('. ')}`
}
