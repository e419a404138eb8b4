import type { LivepatchChannel } from '../channel/livepatch-channel.ts'
import type { LivepatchOutcome } from '../channel/livepatch-outcome.ts'
import type { LivepatchOrder } from '../channel/livepatch-prepare.ts'
import { describeLivepatchRefusal } from '../channel/livepatch-refusal.ts'
import type { Bundle } from '../hotfix/bundle.ts'
import type { Standing } from '../host/standing.ts'
import { describePayloadRefusal } from '../payload/payload-refusal.ts'
import { readPayload } from '../payload/read-payload.ts'
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
      ? await channel.apply(orderOf(hotfix))
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

/** The payload as the channel takes it. */
function orderOf({ manifest, payload: bytes }: Bundle): LivepatchOrder {
  if (bytes === undefined) throw noFormFailure(manifest.name, ['the bundle has no payload'])
  const read = readPayload(bytes)
  if (read.kind === 'read') return { hotfix: manifest.name, payload: read.payload, bytes }
  throw new CommandFailed(
    'badBundle',
    `${manifest.name}: ${describePayloadRefusal(read.refusal)}; nothing was written`,
    { refusal: read.refusal },
  )
}
