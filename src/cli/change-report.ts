import type { DmaSession } from '../channel/dma-session.ts'
import type { ChangeOutcome } from '../host/change-fix.ts'
import { describeFunctionTaken } from '../host/function-taken.ts'
import type { LocateOutcome } from '../host/locate-fix.ts'
import type { CostByPart } from '../memory/metered-memory.ts'
import { describeTransferFailure } from '../memory/describe-transfer-failure.ts'
import { describePlanRefusal } from '../splice/describe-plan-refusal.ts'
import { describeSpliceRefusal } from '../splice/payload/describe-splice-refusal.ts'
import type { SpliceRefusal } from '../splice/payload/splice-refusal.ts'
import type { PlanRefusal } from '../splice/plan-refusal.ts'
import { describePrecheckRefusal, type PrecheckRefusal } from '../splice/precheck.ts'
import { describeMemoryShows } from '../splice/memory-shows.ts'
import { describeState } from '../splice/state-of.ts'
import { describeStepFailure } from '../splice/step-failure.ts'
import type { TransactionOutcome } from '../splice/transaction.ts'
import { CommandFailed } from './command-failed.ts'
import type { ExitName } from './exit-code.ts'
import type { LivepatchDone } from './livepatch-report.ts'

/** What an apply or a revert came to, in the form in which it is printed. */
export type ChangeReport = ChannelDone & {
  readonly ok: true
  readonly fix: string
  /** Why it went through this channel. */
  readonly why: string
}

/** What a channel tells of a change that came out as wanted. */
export type ChannelDone = ChangeResult & (DmaCost | LivepatchCost | NoChannel)

/** What is told whatever the channel. */
export interface ChangeResult {
  readonly result: 'applied' | 'reverted' | 'already-applied' | 'not-applied'
  /** From the opened channel to the end. */
  readonly seconds: number
  readonly startedAt: string
  readonly endedAt: string
}

/** Nothing had to be opened: neither Xen's list nor the journal of this boot has the hotfix. */
export interface NoChannel {
  readonly channel: 'none'
}

export interface LivepatchCost extends LivepatchDone {
  readonly channel: 'livepatch'
}

export interface DmaCost {
  readonly channel: 'dma'
  readonly written: number
  readonly staged: string | undefined
  readonly engine: string
  /** Moved to identify, write and verify, the engine's trials on its own frames not counted. */
  readonly dma: { readonly bytes: number; readonly transfers: number }
  readonly cost: CostByPart
  /** To take the device and prove it. */
  readonly readySeconds: number
}

type SpliceResult = Pick<ChangeResult, 'result'> & Pick<DmaCost, 'written' | 'staged'>

/** The report of a change that came out as wanted, or the failure to end the command with. */
export function reportChange(
  goal: 'applied' | 'not-applied',
  fix: string,
  outcome: ChangeOutcome,
): SpliceResult {
  switch (outcome.kind) {
    case 'not-plannable':
    case 'not-spliceable':
    case 'no-splice-form':
    case 'read-failed':
      throw locateFailure(outcome)
    case 'base-not-applied':
      throw new CommandFailed(
        'otherBytes',
        `${fix} stands on ${outcome.base}, which is not in memory as a whole: ` +
          `${describeState(outcome.state)}; nothing was written`,
        { base: outcome.base, state: outcome.state },
      )
    case 'in-the-way':
      throw new CommandFailed(
        'otherBytes',
        `${outcome.fixes.join(', ')} stands on ${fix}: revert it first; nothing was written`,
        { inTheWay: outcome.fixes },
      )
    case 'function-taken':
      throw new CommandFailed(
        'functionTaken',
        `${fix} was not applied: ${describeFunctionTaken(outcome.taken)}; nothing was written`,
        { taken: outcome.taken },
      )
    case 'refused':
      throw new CommandFailed(
        precheckExit(outcome.reason),
        `${describePrecheckRefusal(outcome.reason)}; nothing was written`,
        { refusal: outcome.reason },
      )
    case 'nothing-to-do':
      return {
        result: goal === 'applied' ? 'already-applied' : 'not-applied',
        written: 0,
        staged: undefined,
      }
    case 'ran':
      return reportTransaction(fix, outcome.outcome)
  }
}

/** A fix that could not be looked up in memory. */
export function locateFailure(
  outcome: Exclude<LocateOutcome, { readonly kind: 'located' }>,
): CommandFailed {
  if (outcome.kind === 'read-failed') {
    return new CommandFailed(
      'engineFailed',
      `Cannot read the hypervisor: ${describeTransferFailure(outcome.outcome)}; nothing was written`,
      { outcome: outcome.outcome },
    )
  }
  if (outcome.kind === 'no-splice-form') return noFormFailure(outcome.fix, outcome.reasons)
  const { exit, sentences } =
    outcome.kind === 'not-spliceable'
      ? {
          exit: spliceExit(outcome.refusals),
          sentences: spliceSentences(outcome.refusals),
        }
      : { exit: planExit(outcome.refusals), sentences: outcome.refusals.map(describePlanRefusal) }
  return new CommandFailed(
    exit,
    [`${outcome.fix} cannot be applied here; nothing was written`, ...sentences].join('\n  '),
    { refusals: outcome.refusals },
  )
}

/** A hotfix that has no form for the channel. */
export function noFormFailure(fix: string, reasons: readonly string[]): CommandFailed {
  const why = reasons.length === 0 ? 'it has no form for DMA' : reasons.join('; ')
  return new CommandFailed(
    'noForm',
    `${fix} cannot be brought in so: ${why}; nothing was written`,
    { reasons },
  )
}

/** Traffic of a session, as reports give it. */
export function sessionCost(session: DmaSession): Omit<DmaCost, 'channel' | 'written' | 'staged'> {
  const { cost, transfers } = session.memory
  const bytes = cost.identify.bytes + cost.write.bytes + cost.verify.bytes
  return {
    engine: session.engine,
    dma: { bytes, transfers },
    cost,
    readySeconds: session.readySeconds,
  }
}

/** How long it took since `started`, as reports give it. */
export function timesSince(started: Date): Pick<ChangeResult, 'seconds' | 'startedAt' | 'endedAt'> {
  const ended = new Date()
  return {
    seconds: (ended.getTime() - started.getTime()) / 1000,
    startedAt: started.toISOString(),
    endedAt: ended.toISOString(),
  }
}

function reportTransaction(fix: string, outcome: TransactionOutcome): SpliceResult {
  switch (outcome.kind) {
    case 'applied':
      return { result: 'applied', written: outcome.written, staged: undefined }
    case 'reverted': {
      const { written, staged } = outcome
      return {
        result: 'reverted',
        written,
        staged: staged.kind === 'left' ? staged.why : undefined,
      }
    }
    case 'undone':
      throw new CommandFailed(
        'engineFailed',
        `${fix} was not applied: ${describeStepFailure(outcome.failure)}; the old bytes are back`,
        { failure: outcome.failure },
      )
    case 'in-doubt':
      throw new CommandFailed(
        'inDoubt',
        `${fix} is in doubt: ${describeStepFailure(outcome.failure)}. ` +
          `${describeMemoryShows(outcome.memory)}. Run 'reweave status ${fix}', then apply or ` +
          'revert again',
        { failure: outcome.failure, memory: outcome.memory },
      )
  }
}

function precheckExit(reason: PrecheckRefusal): ExitName {
  switch (reason.kind) {
    case 'plan-for-another-build':
    case 'build-id-differs':
    case 'image-size-differs':
      return 'otherBuild'
    case 'foreign-bytes':
      return 'otherBytes'
    case 'read-failed':
      return 'engineFailed'
    case 'malformed-plan':
      return 'notSpliceSafe'
  }
}

/** One exit code for several refusals: of the first in this order that is among them. */
function planExit(refusals: readonly PlanRefusal[]): ExitName {
  const kinds = new Set(refusals.map((refusal) => refusal.kind))
  if (kinds.has('other-base')) return 'otherBuild'
  if (kinds.has('expectation-differs-from-base')) return 'otherBytes'
  const bytes: readonly PlanRefusal['kind'][] = ['padding-not-recognised', 'live-bytes-missing']
  if (bytes.some((kind) => kinds.has(kind))) return 'otherBytes'
  if (kinds.has('not-splice-safe') || kinds.has('no-room-in-padding')) return 'notSpliceSafe'
  return 'badFix'
}

/** As `planExit`, of a payload. */
function spliceExit(refusals: readonly SpliceRefusal[]): ExitName {
  const exits = refusals.map(({ kind }) => SPLICE_EXITS[kind] ?? 'notSpliceSafe')
  return SPLICE_EXIT_ORDER.find((each) => exits.includes(each)) ?? 'notSpliceSafe'
}

const SPLICE_EXIT_ORDER: readonly ExitName[] = ['otherBuild', 'otherBytes', 'badBundle', 'noForm']

const SPLICE_EXITS: Partial<Readonly<Record<SpliceRefusal['kind'], ExitName>>> = {
  'other-base': 'otherBuild',
  'entry-not-as-linked': 'otherBytes',
  'expectation-differs-from-base': 'otherBytes',
  'live-bytes-missing': 'otherBytes',
  'padding-not-recognised': 'otherBytes',
  'pointer-leads-nowhere': 'otherBytes',
  'no-such-function': 'badBundle',
  'not-linkable': 'badBundle',
  hooks: 'noForm',
  'writable-data': 'noForm',
  'bug-frames': 'noForm',
  exceptions: 'noForm',
  'nothing-to-switch': 'noForm',
}

function spliceSentences(refusals: readonly SpliceRefusal[]): readonly string[] {
  const sentences = refusals.map(describeSpliceRefusal)
  const hint = 'There may be room in code that these CPUs cannot run: --reuse-vendor-code allows it'
  return refusals.some(({ kind }) => kind === 'no-room') ? [...sentences, hint] : sentences
}
