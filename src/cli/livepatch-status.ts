import type { ShownLivepatch } from '../channel/livepatch-channel.ts'
import type { LivepatchStack } from '../channel/livepatch-stack.ts'
import { recordedApply } from '../splice/patched-functions.ts'
import type { FixStatus } from './fix-status.ts'
import { livepatchJournal } from './journal-status.ts'
import { type OpenHost, shownLivepatches } from './open-host.ts'

/** What Xen has loaded, whoever loaded it: those in use from below, then the others. */
export function livepatchStatuses(host: OpenHost): readonly FixStatus[] {
  const shown = shownLivepatches(host)
  if (shown === undefined) return []
  const { stack, payloads } = shown
  const inUse = stack.applied.flatMap(
    ({ name }) => payloads.find((each) => each.name === name) ?? [],
  )
  const rest = payloads.filter((each) => !inUse.includes(each))
  return [...inUse, ...rest].map((each) => statusOf(host, each, stack))
}

function statusOf(host: OpenHost, payload: ShownLivepatch, stack: LivepatchStack): FixStatus {
  const { name, owner, hotfix } = payload
  const recorded = recordedApply(host.journalFile.entries, host.bootId, name)
  const index = stack.applied.findIndex((each) => each.name === name)
  const position = index === -1 ? undefined : index + 1
  const isApplied = position !== undefined
  return {
    fix: recorded?.hotfix ?? hotfix ?? name,
    state: isApplied ? 'applied' : 'not-applied',
    channel: isApplied ? 'livepatch' : undefined,
    sentence: isApplied
      ? "The fix is applied: Xen's livepatch has it in use"
      : 'The fix is not applied: its livepatch is loaded, and not in use',
    livepatch: { name, owner, position, orderKnown: stack.orderKnown },
    functions: recorded?.functions.map((each) => each.name) ?? [],
    journal: livepatchJournal(host, name),
    appliedBeforeReboot: false,
  }
}
