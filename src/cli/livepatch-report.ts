import type { ShownLivepatches } from '../channel/livepatch-channel.ts'
import { describeLivepatchLeft, type LivepatchOutcome } from '../channel/livepatch-outcome.ts'
import { describeLivepatchRefusal, type LivepatchRefusal } from '../channel/livepatch-refusal.ts'
import type { XenMeaning } from '../channel/livepatch-answer.ts'
import type { SpliceGoal } from '../splice/precheck.ts'
import { CommandFailed } from './command-failed.ts'
import type { ExitName } from './exit-code.ts'

/** What of an apply or a revert is told only where it went through Xen's livepatch. */
export interface LivepatchDone {
  /** As Xen lists the payload. */
  readonly livepatch: string
  /** How often Xen was asked until its CPUs came together. */
  readonly attempts: number
  /** Payloads that are in use no more, and that Xen would not unload. */
  readonly leftLoaded: readonly string[]
}

export type LivepatchesIn = Extract<ShownLivepatches, { readonly kind: 'shown' }>

/**
 * What Xen listed; undefined where it was built without livepatching.
 *
 * Any other answer ends the command: what is patched is then not known, and to take that for nothing
 * would call a hotfix not applied that is in, or splice what a livepatch replaced.
 */
export function livepatchesIn(shown: ShownLivepatches): LivepatchesIn | undefined {
  if (shown.kind === 'shown') return shown
  const { refusal } = shown
  if (refusal.kind === 'xen' && refusal.answer.meaning === 'no-livepatch') return undefined
  throw new CommandFailed(
    refusalExit(refusal),
    `It is not known which livepatches are in: ${describeLivepatchRefusal(refusal)}`,
    { refusal },
  )
}

/** The report of an action that came out as wanted, or the failure to end the command with. */
export function reportLivepatch(
  goal: SpliceGoal,
  fix: string,
  outcome: LivepatchOutcome,
): LivepatchDone & { readonly changed: boolean } {
  switch (outcome.kind) {
    case 'done': {
      const { name, attempts, leftLoaded } = outcome
      return { changed: true, livepatch: name, attempts, leftLoaded }
    }
    case 'already':
      return { changed: false, livepatch: outcome.name, attempts: 0, leftLoaded: [] }
    case 'refused': {
      const verb = goal === 'applied' ? 'applied' : 'reverted'
      const message = `${fix} was not ${verb}: ${describeLivepatchRefusal(outcome.refusal)}`
      throw new CommandFailed(refusalExit(outcome.refusal), message, { refusal: outcome.refusal })
    }
    case 'incomplete':
      throw new CommandFailed(
        'inDoubt',
        `${fix} is in doubt: ${describeLivepatchLeft(outcome.left)}. Run 'reweave status ${fix}'`,
        { left: outcome.left },
      )
  }
}

function refusalExit(refusal: LivepatchRefusal): ExitName {
  switch (refusal.kind) {
    case 'other-build':
      return 'otherBuild'
    case 'spliced':
    case 'livepatched':
    case 'stack-unknown':
      return 'functionTaken'
    case 'other-dependency':
    case 'not-on-top':
    case 'still-applied':
    case 'nodeps-not-known':
      return 'stackOrder'
    case 'expectation-differs':
    case 'expectation-uncertain':
      return 'otherBytes'
    case 'xen':
      return MEANING_EXITS[refusal.answer.meaning] ?? 'xenRefused'
    default:
      return 'xenRefused'
  }
}

const MEANING_EXITS: Partial<Readonly<Record<XenMeaning, ExitName>>> = {
  'other-build': 'otherBuild',
  'other-dependency': 'stackOrder',
  'not-on-top': 'stackOrder',
  'still-applied': 'stackOrder',
  // Another payload, or a splice, is at the function's entry.
  'expectation-failed': 'functionTaken',
}
