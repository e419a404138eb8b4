import type { Command } from 'commander'
import type { EngineKind } from '../device/engines.ts'
import { sameContent } from '../hotfix/same-content.ts'
import {
  type ChannelName,
  CHANNELS,
  type ChannelWish,
  chooseChannel,
} from '../host/choose-channel.ts'
import { findKept, isPath, type ShelvedHotfix } from '../host/fix-shelf.ts'
import { hasLivepatchForm, spliceSourceOf } from '../host/splice-source.ts'
import { type Standing, standingOf } from '../host/standing.ts'
import type { SpliceGoal } from '../splice/precheck.ts'
import { changeByDma } from './change-by-dma.ts'
import { changeByLivepatch, whyNoLivepatch } from './change-by-livepatch.ts'
import { type ChangeReport, type ChannelDone, noFormFailure, timesSince } from './change-report.ts'
import { CommandFailed } from './command-failed.ts'
import { readEngineKind } from './host-memory.ts'
import { withHostOptions } from './host-options.ts'
import {
  type HostOptions,
  type OpenHost,
  requireBuildId,
  requireHypervisor,
  shownLivepatches,
  withHost,
} from './open-host.ts'
import { print } from './output.ts'
import { renderChange } from './render-change.ts'
import { hotfixShelf, requireHotfix, requireSameBuild } from './require-hotfix.ts'

interface ChangeOptions extends HostOptions {
  readonly json?: boolean
  readonly labOnly?: boolean
  readonly channel?: string
  readonly reuseVendorCode?: boolean
}

/** What is to be done, once the command line is understood. */
export interface ChangeOrder {
  readonly goal: SpliceGoal
  readonly engine: EngineKind | undefined
  /** Code that cannot run on this machine's CPUs may give room to new code. */
  readonly reuseVendorCode: boolean
}

/** The arguments and the action that `apply` and `revert` share. */
export function changeCommand(command: Command, goal: SpliceGoal): Command {
  command.argument('FIX', 'a hotfix by name, or the path of a bundle or a fix file')
  return withHostOptions(command).action(async (wanted: string, options: ChangeOptions) => {
    const report = await runChange(wanted, goal, options)
    print(options.json ?? false, report, renderChange(report))
  })
}

async function runChange(
  wanted: string,
  goal: SpliceGoal,
  options: ChangeOptions,
): Promise<ChangeReport> {
  const wish = readChannelWish(options.channel)
  const named = requireHotfix(wanted, goal === 'applied' ? 'shelf' : 'kept')
  const { name, labOnly } = named.hotfix.manifest
  if (labOnly && goal === 'applied' && options.labOnly !== true) {
    throw new CommandFailed(
      'usage',
      `${name} opens a hole on purpose and is for the lab: pass --lab-only to apply it all the ` +
        'same; nothing was written',
    )
  }
  const engine = readEngineKind(options.engine)
  const hypervisor = requireHypervisor()
  requireSameBuild(named.hotfix, requireBuildId(hypervisor))
  const reuseVendorCode = options.reuseVendorCode ?? false
  const order: ChangeOrder = { goal, engine, reuseVendorCode }
  return withHost(hypervisor, options, async (host) => {
    const standing = standingOn(host, name)
    const shelved = meantHotfix(wanted, named, standing)
    const { channel, why } =
      goal === 'applied'
        ? channelToApply(host, shelved, wish, standing)
        : channelToRevert(shelved, standing)
    const done = await runOn(channel, host, shelved, standing, order)
    return { ok: true, fix: name, why, ...done }
  })
}

/** By which channel the hotfix is in, as Xen's list and the journal of this boot tell. */
export function standingOn(host: OpenHost, name: string): Standing | undefined {
  const { journalFile, bootId } = host
  const listed = shownLivepatches(host)?.payloads ?? []
  return standingOf(name, { entries: journalFile.entries, bootId }, listed)
}

/**
 * The hotfix that is meant: of those with one name, the one that is in, for that is what a command
 * by name is about.
 */
function meantHotfix(
  wanted: string,
  named: ShelvedHotfix,
  standing: Standing | undefined,
): ShelvedHotfix {
  if (standing === undefined) return named
  const { name } = named.hotfix.manifest
  const kept = findKept(name, hotfixShelf())
  if (kept === undefined || sameContent(kept, named.hotfix)) return named
  if (!isPath(wanted)) return requireHotfix(name, 'kept')
  throw new CommandFailed(
    'otherBytes',
    `Another hotfix called ${name} is in the hypervisor, of other content than ${wanted}: revert ` +
      `that one by 'reweave revert ${name}' first; nothing was written`,
    { applied: kept.digest, found: named.hotfix.digest },
  )
}

interface Chosen {
  readonly channel: ChannelName | 'none'
  readonly why: string
}

function channelToApply(
  host: OpenHost,
  { hotfix }: ShelvedHotfix,
  wish: ChannelWish,
  standing: Standing | undefined,
): Chosen {
  const source = spliceSourceOf(hotfix)
  const choice = chooseChannel(wish, {
    standing,
    hasLivepatchForm: hasLivepatchForm(hotfix),
    noSplices: source.kind === 'none' ? source.reasons : undefined,
    noLivepatch: whyNoLivepatch(host),
  })
  if (choice.kind === 'channel') return choice
  throw noFormFailure(hotfix.manifest.name, choice.reasons)
}

function channelToRevert({ hotfix }: ShelvedHotfix, standing: Standing | undefined): Chosen {
  if (standing !== undefined) {
    return { channel: standing.channel, why: 'that is how it got in' }
  }
  // The journal may have been lost: where there can be splices, memory is asked.
  if (hasLivepatchForm(hotfix)) return { channel: 'none', why: 'nothing says that it got in' }
  return { channel: 'dma', why: 'memory tells whether it is in' }
}

function runOn(
  channel: ChannelName | 'none',
  host: OpenHost,
  shelved: ShelvedHotfix,
  standing: Standing | undefined,
  order: ChangeOrder,
): Promise<ChannelDone> {
  switch (channel) {
    case 'dma':
      return changeByDma(host, shelved, order)
    case 'livepatch':
      return changeByLivepatch(host, shelved.hotfix, standing, order.goal)
    case 'none':
      return Promise.resolve({ channel, result: 'not-applied', ...timesSince(new Date()) })
  }
}

function readChannelWish(text: string | undefined): ChannelWish {
  const wish = CHANNELS.find((each) => each === (text ?? 'auto'))
  if (wish !== undefined) return wish
  throw new CommandFailed(
    'usage',
    `Unknown channel '${text ?? ''}': choose one of ${CHANNELS.join(', ')}`,
  )
}
