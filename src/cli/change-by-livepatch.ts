import type { LivepatchChannel } from '../channel/livepatch-channel.ts'
import type { LivepatchOutcome } from '../channel/livepatch-outcome.ts'
import type { LivepatchOrder } from '../channel/livepatch-prepare.ts'
import { describeLivepatchRefusal } from '../channel/livepatch-refusal.ts'
import type { Bundle } from '../hotfix/bundle.ts'
import type { Standing } from '../host/standing.ts'
import { checkPayload, describePayloadMismatch } from '../payload/check-payload.ts'
import type { SpliceGoal } from '../splice/precheck.ts'
import {
  type ChangeResult,
  type LivepatchCost,
  noFormFailure,
  timesSince,
} from './change-report.ts'
import { CommandFailed } from './command-failed.ts'
import { hostJournal } from './host-journal.ts'
import { reportLivepatch } from './livepatch-report.ts'
import { openLivepatch, type OpenHost } from './open-host.ts'
import { progress } from './output.ts'

/** Why this Xen takes no livepatches, for people; undefined where it does. Changes nothing. */
export function whyNoLivepatch(host: OpenHost): string | undefined {
  const channel = openLivepatch(host)
  if (channel === undefined) return 'Xen speaks no sysctl interface version known to Reweave'
  const shown = channel.list()
  if (shown.kind === 'shown') return undefined
  return describeLivepatchRefusal(shown.refusal).replace(/; nothing was changed$/, '')
}

/** Brings a hotfix in, or takes it out, by Xen's own livepatch. */
export async function changeByLivepatch(
  host: OpenHost,
  hotfix: Bundle,
  standing: Standing | undefined,
  goal: SpliceGoal,
): Promise<ChangeResult & LivepatchCost> {
  const { name } = hotfix.manifest
  const channel = openLivepatch(host, hostJournal(host, hotfix))
  if (channel === undefined) throw noFormFailure(name, [whyNoLivepatch(host) ?? 'no sysctl'])
  progress(`${goal === 'applied' ? 'Applying' : 'Reverting'} ${name} by Xen's livepatch`)
  const started = new Date()
  const outcome =
    goal === 'applied'
      ? await channel.apply(orderOf(host, hotfix), { nodeps: 'where-independent' })
      : await revert(channel, hotfix, standing)
  const { changed, ...done } = reportLivepatch(goal, name, outcome)
  const was = goal === 'applied' ? 'already-applied' : 'not-applied'
  const is = goal === 'applied' ? 'applied' : 'reverted'
  return { channel: 'livepatch', result: changed ? is : was, ...done, ...timesSince(started) }
}

function revert(
  channel: LivepatchChannel,
  hotfix: Bundle,
  standing: Standing | undefined,
): Promise<LivepatchOutcome> {
  if (standing?.channel === 'livepatch') return channel.revert(standing.livepatch)
  throw new RangeError(`${hotfix.manifest.name} is on no livepatch`)
}

/** The payload as the channel takes it, once it is known to fit the build that runs. */
function orderOf({ image }: OpenHost, { manifest, payload }: Bundle): LivepatchOrder {
  const { name, onTopOf } = manifest
  if (payload === undefined) throw noFormFailure(name, ['the bundle has no payload'])
  // What stands on another hotfix is for the code of that one, which is not in the image.
  const mismatches = onTopOf === undefined ? checkPayload(payload.payload, image) : []
  if (mismatches.length === 0) return { hotfix: name, ...payload }
  throw new CommandFailed(
    'badBundle',
    [`${name} does not fit this hypervisor; nothing was changed`]
      .concat(mismatches.map(describePayloadMismatch))
      .join('\n  '),
    { mismatches },
  )
}
