import { Command } from 'commander'
import { listFixes } from '../host/fix-shelf.ts'
import { locateFix, stateInMemory } from '../host/locate-fix.ts'
import type { FixState } from '../splice/fix-state.ts'
import { lastTransactionOf } from '../splice/journal-history.ts'
import { describeState } from '../splice/state-of.ts'
import { locateFailure } from './change-report.ts'
import { exitCode } from './exit-code.ts'
import { withHostOptions } from './host-options.ts'
import { fixFolders, type HostOptions, type OpenHost, requireFix, withHost } from './open-host.ts'
import { print } from './output.ts'

/** What memory shows of one fix, and what the journal says of it. */
export interface FixStatus {
  readonly fix: string
  readonly state: FixState['kind'] | 'base-not-applied'
  readonly sentence: string
  /** The last transaction in this boot. Undefined if there was none. */
  readonly journal:
    | { readonly goal: string; readonly beganAt: string; readonly end: string }
    | undefined
  /** Whether an earlier boot's journal says that it was applied: a reboot undoes that. */
  readonly appliedBeforeReboot: boolean
}

export function statusCommand(): Command {
  const command = new Command('status')
    .description('reads the hypervisor back and says of each fix whether it is in memory')
    .argument('[FIX]', 'one fix by name or path (default: all for this build)')
  return withHostOptions(command)
    .addHelpText(
      'after',
      '\nExamples:\n  reweave status\n  reweave status xsa-506 --json\n\n' +
        'Memory decides; the journal only explains. Exits 14 when a fix is half in, 8 when a site\n' +
        "holds bytes that are nobody's.\n",
    )
    .action(async (wanted: string | undefined, options: HostOptions & { json?: boolean }) => {
      const shelved = wanted === undefined ? undefined : requireFix(wanted)
      const statuses = await withHost(options, shelved, (host) => readStatuses(host, wanted))
      print(options.json ?? false, statuses, renderStatuses(statuses))
      const states = new Set(statuses.map(({ state }) => state))
      if (states.has('foreign')) process.exitCode = exitCode('otherBytes')
      else if (states.has('inconsistent')) process.exitCode = exitCode('inDoubt')
    })
}

/** One paragraph a fix, for people. */
export function renderStatuses(statuses: readonly FixStatus[]): string {
  if (statuses.length === 0) return 'No fix for this build is known here'
  return statuses
    .map(({ fix, sentence, journal, appliedBeforeReboot }) => {
      const last = journal
        ? `\n  journal: ${journal.goal} begun ${journal.beganAt}, ${journal.end}`
        : ''
      const before = appliedBeforeReboot
        ? '\n  journal: it was applied before the last reboot, which took it out'
        : ''
      return `${fix}: ${sentence}${last}${before}`
    })
    .join('\n')
}

async function readStatuses(host: OpenHost, wanted: string | undefined): Promise<FixStatus[]> {
  if (wanted !== undefined) return [await statusOf(host, wanted)]
  const onShelf = listFixes(fixFolders()).filter((fix) => fix.base.buildId === host.image.buildId)
  const names = new Set(onShelf.map(({ name }) => name))
  const statuses: FixStatus[] = []
  for (const name of names) statuses.push(await statusOf(host, name))
  for (const name of journalledFixes(host)) {
    if (!names.has(name)) statuses.push(await statusFromJournal(host, name))
  }
  return statuses
}

async function statusOf(host: OpenHost, wanted: string): Promise<FixStatus> {
  const shelved = requireFix(wanted)
  const { name } = shelved.fix
  const outcome = await locateFix(host, shelved)
  if (outcome.kind !== 'located') throw locateFailure(outcome)
  const { state, base } = outcome.located
  if (base !== undefined && base.state.kind !== 'applied') {
    const sentence = `Not applied: ${base.fix.name}, on which it stands, is not in memory`
    return { fix: name, state: 'base-not-applied', sentence, ...journalOf(host, name) }
  }
  return { fix: name, state: state.kind, sentence: describeState(state), ...journalOf(host, name) }
}

/** A fix whose file is gone is still known by the plan in the journal. */
async function statusFromJournal(host: OpenHost, name: string): Promise<FixStatus> {
  const last = lastTransactionOf(host.journal, name, host.bootId)
  if (last === undefined) throw new RangeError(`No transaction for ${name} in this boot`)
  const read = await stateInMemory(host.session, last.begin.plan)
  if (read.kind === 'read-failed') throw locateFailure(read)
  const sentence = describeState(read.state)
  return { fix: name, state: read.state.kind, sentence, ...journalOf(host, name) }
}

function journalOf(
  host: OpenHost,
  name: string,
): Pick<FixStatus, 'journal' | 'appliedBeforeReboot'> {
  const last = lastTransactionOf(host.journal, name, host.bootId)
  const end = last?.end?.kind ?? 'not ended: the process was killed'
  const earlier = host.journal.findLast(
    ({ bootId, record }) =>
      bootId !== host.bootId && record.kind === 'begin' && record.plan.fix === name,
  )
  const { record } = earlier ?? {}
  return {
    journal: last && { goal: last.begin.goal, beganAt: last.beganAt, end },
    appliedBeforeReboot:
      last === undefined && record?.kind === 'begin' && record.goal === 'applied',
  }
}

function journalledFixes(host: OpenHost): readonly string[] {
  const names = host.journal.flatMap(({ bootId, record }) =>
    bootId === host.bootId && record.kind === 'begin' ? [record.plan.fix] : [],
  )
  return [...new Set(names)]
}
