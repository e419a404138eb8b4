/**
 * Hotfixes by Xen's own livepatch mechanism: applied, reverted, replaced, and shown.
 *
 * What Xen lists is the truth. Each action begins with a look at it, so that an action that was
 * killed anywhere is finished by the next; the journal has the intent before, and the outcome after.
 *
 * @module
 */

import type { JournalEntry, LivepatchJournal, LivepatchRecord } from '../splice/journal.ts'
import type { Image } from '../image/image.ts'
import { livepatchedFunctions } from '../splice/patched-functions.ts'
import { FIRST_WITH_METADATA, type LoadedLivepatch } from '../xen/livepatch-abi.ts'
import { XEN_ERRNO } from '../xen/xen-errno.ts'
import {
  type ActionEnd,
  type LivepatchPatience,
  type LivepatchPorts,
  runAction,
  settledStatus,
  USUAL_PATIENCE,
} from './livepatch-action.ts'
import { readXenAnswer } from './livepatch-answer.ts'
import { watchMessages } from './livepatch-evidence.ts'
import { judgeIndependence } from './livepatch-independence.ts'
import { judgeExpectations } from './livepatch-expectations.ts'
import { type LivepatchOwner, livepatchOwner, readLivepatchName } from './livepatch-name.ts'
import { describeLivepatchLeft, type LivepatchOutcome } from './livepatch-outcome.ts'
import type { LivepatchClock, LivepatchPort } from './livepatch-port.ts'
import { type LivepatchOrder, preparePayload, type PreparedPayload } from './livepatch-prepare.ts'
import { describeLivepatchRefusal, type LivepatchRefusal } from './livepatch-refusal.ts'
import { judgeDependency, type LivepatchStack, stackOf } from './livepatch-stack.ts'
import { LivepatchUnrecorded } from './livepatch-unrecorded.ts'

/** What the channel works with. One channel at a time for a host: the caller holds its lock. */
export interface LivepatchHost {
  readonly port: LivepatchPort
  readonly clock: LivepatchClock
  readonly journal: LivepatchJournal
  /** All records of the journal so far, those that the channel appends included. */
  readonly entries: () => readonly JournalEntry[]
  readonly bootId: string
  /** Of the build that runs. */
  readonly image: Image
  /** A name for a transaction that no other has. */
  readonly newTransaction: () => string
  readonly patience?: LivepatchPatience
}

/** A loaded payload, with whose it is. */
export interface ShownLivepatch extends LoadedLivepatch {
  readonly owner: LivepatchOwner
  /** Of Reweave's own. */
  readonly hotfix: string | undefined
}

export type ShownLivepatches =
  | {
      readonly kind: 'shown'
      /** In the order of loading. */
      readonly payloads: readonly ShownLivepatch[]
      readonly stack: LivepatchStack
    }
  | { readonly kind: 'refused'; readonly refusal: LivepatchRefusal }

interface Refused {
  readonly kind: 'refused'
  readonly refusal: LivepatchRefusal
}

type Withdrawal = { readonly action: 'revert' | 'unload'; readonly name: string }

export class LivepatchChannel {
  readonly #host: LivepatchHost
  readonly #ports: LivepatchPorts

  constructor(host: LivepatchHost) {
    this.#host = host
    const { port, clock, patience = USUAL_PATIENCE } = host
    this.#ports = { port, clock, patience }
  }

  /** What Xen has loaded, whoever loaded it. */
  list(): ShownLivepatches {
    const loaded = this.#host.port.list()
    if (loaded.kind === 'error') return refusedBy('list', loaded.errno)
    const { payloads } = loaded
    return {
      kind: 'shown',
      payloads: payloads.map((each) => {
        const hotfix = readLivepatchName(each.name)?.hotfix
        return { ...each, owner: livepatchOwner(each.name), hotfix }
      }),
      stack: stackOf(this.#host.entries(), this.#host.bootId, payloads),
    }
  }

  /**
   * Puts a hotfix on top of what is applied.
   *
   * With `nodeps`, whatever that is; the payload must still be for this build. With
   * `where-independent`, beside what is applied where the two have nothing to do with each other.
   */
  async apply(
    order: LivepatchOrder,
    options: { readonly nodeps?: boolean | 'where-independent' } = {},
  ): Promise<LivepatchOutcome> {
    const prepared = this.#prepare(order)
    if (prepared.kind !== 'prepared') return refused(prepared)
    const shown = await this.#look()
    if (shown.kind === 'refused') return shown
    const { name } = prepared
    if (isApplied(shown.payloads, name)) return { kind: 'already', name }
    let nodeps = options.nodeps === true
    if (options.nodeps === 'where-independent') {
      const { entries, bootId, image } = this.#host
      const livepatched = livepatchedFunctions(entries(), bootId, shown.payloads)
      const judged = judgeIndependence(order.payload, prepared.functions, {
        buildId: image.buildId,
        livepatched,
      })
      if (judged.kind === 'refused') return refused(judged.refusal)
      nodeps = judged.kind === 'independent'
    }
    if (nodeps && this.#host.port.interfaceVersion < FIRST_WITH_METADATA) {
      return refused({ kind: 'nodeps-not-known' })
    }
    const conflict = judgeDependency(shown.stack, order.payload.dependsOn, this.#host.image.buildId)
    if (conflict !== undefined && !nodeps) return refused(conflict)
    return this.#recorded(applyRecord(prepared, 'apply'), async () => {
      const failed = await this.#load(prepared, shown.payloads)
      if (failed !== undefined) return failed
      const end = await runAction(this.#ports, { name, action: 'apply', nodeps })
      if (end.kind === 'done') return { kind: 'done', name, attempts: end.attempts, leftLoaded: [] }
      if (end.kind === 'unsettled') return unsettled(name, end)
      await this.#unload(name)
      return refusedEnd(end)
    })
  }

  /**
   * Takes a payload of Reweave's back, named as Xen lists it, and unloads it.
   *
   * It is never applied again from where it lies: what it wrote to its data is not undone.
   */
  async revert(name: string): Promise<LivepatchOutcome> {
    if (livepatchOwner(name) === 'other') return refused({ kind: 'not-ours', name })
    const shown = await this.#look()
    if (shown.kind === 'refused') return shown
    const loaded = shown.payloads.find((each) => each.name === name)
    if (loaded === undefined) return { kind: 'already', name }
    if (loaded.state === 'checked') return this.#withdraw({ action: 'unload', name })
    const top = shown.stack.applied.at(-1)?.name
    if (shown.stack.orderKnown && top !== undefined && top !== name) {
      return refused({ kind: 'not-on-top', name, top })
    }
    return this.#withdraw({ action: 'revert', name })
  }

  /** Unloads a payload of Reweave's that is not applied, such as one that a kill left. */
  async unload(name: string): Promise<LivepatchOutcome> {
    if (livepatchOwner(name) === 'other') return refused({ kind: 'not-ours', name })
    const shown = await this.#look()
    if (shown.kind === 'refused') return shown
    if (!shown.payloads.some((each) => each.name === name)) return { kind: 'already', name }
    if (isApplied(shown.payloads, name)) return refused({ kind: 'still-applied', name })
    return this.#withdraw({ action: 'unload', name })
  }

  /**
   * Takes back all that is applied and applies a hotfix, while all CPUs wait, and unloads what
   * Reweave had applied before.
   *
   * Payloads of other tools are taken back too, if `revertOthers` allows it; they stay loaded. What
   * a failed replace took back is applied again as far as Xen allows.
   */
  async replace(
    order: LivepatchOrder,
    { revertOthers = false }: { readonly revertOthers?: boolean } = {},
  ): Promise<LivepatchOutcome> {
    const prepared = this.#prepare(order)
    if (prepared.kind !== 'prepared') return refused(prepared)
    const { hooks, dependsOn } = order.payload
    const vetoing = hooks.filter((hook) => /\.(pre|post)(apply|revert)$/.test(hook))
    if (vetoing.length > 0) return refused({ kind: 'hooks-forbid-replace', hooks: vetoing })
    const shown = await this.#look()
    if (shown.kind === 'refused') return shown
    const { name } = prepared
    const { applied } = shown.stack
    if (applied.some((each) => each.name === name)) {
      return applied.length === 1
        ? { kind: 'already', name }
        : refused({ kind: 'replaces-itself', name })
    }
    const others = applied.filter(({ owner }) => owner === 'other').map((each) => each.name)
    if (others.length > 0 && !revertOthers) {
      return refused({ kind: 'would-revert-others', names: others })
    }
    const { image } = this.#host
    const bare = { applied: [], orderKnown: true }
    const against =
      judgeDependency(bare, dependsOn, image.buildId) ?? judgeExpectations(prepared, image)
    if (against !== undefined) return refused(against)
    return this.#recorded(applyRecord(prepared, 'replace'), async () => {
      const failed = await this.#load(prepared, shown.payloads)
      if (failed !== undefined) return failed
      const end = await runAction(this.#ports, { name, action: 'replace' })
      if (end.kind === 'unsettled') return unsettled(name, end)
      if (end.kind === 'failed') return this.#recover(name, shown.stack, end)
      const leftLoaded: string[] = []
      for (const before of applied) {
        if (before.owner === 'reweave' && !(await this.#unload(before.name))) {
          leftLoaded.push(before.name)
        }
      }
      return { kind: 'done', name, attempts: end.attempts, leftLoaded }
    })
  }

  #prepare(order: LivepatchOrder): PreparedPayload | LivepatchRefusal {
    const { image, bootId, entries, port } = this.#host
    const { interfaceVersion } = port
    return preparePayload(order, { image, interfaceVersion, bootId, entries: entries() })
  }

  /** What Xen has loaded, once it has ended what a killed predecessor asked of it. */
  async #look(): Promise<Extract<ShownLivepatches, { kind: 'shown' }> | Refused> {
    const shown = this.list()
    if (shown.kind === 'refused') return shown
    const busy = shown.payloads.filter(
      ({ owner, rc }) => owner === 'reweave' && rc === -XEN_ERRNO.EAGAIN,
    )
    // A request that met a busy Xen leaves the same mark for good, so the wait ends, and what Xen
    // then answers counts.
    for (const { name } of busy) await settledStatus(this.#ports, name)
    return busy.length === 0 ? shown : this.list()
  }

  /** Loads the payload afresh, whatever a predecessor left under its name. */
  async #load(
    { name, order }: PreparedPayload,
    loaded: readonly LoadedLivepatch[],
  ): Promise<Refused | undefined> {
    if (loaded.some((each) => each.name === name)) {
      const end = await runAction(this.#ports, { name, action: 'unload' })
      if (end.kind === 'failed' && end.answer.meaning !== 'not-loaded') return refusedEnd(end)
    }
    const printed = watchMessages(this.#host.port)
    const answer = this.#host.port.upload(name, order.bytes)
    if (answer.kind === 'ok') return undefined
    return refusedBy('upload', answer.errno, printed())
  }

  /** Whether the payload is gone. */
  async #unload(name: string): Promise<boolean> {
    const end = await runAction(this.#ports, { name, action: 'unload' })
    return end.kind === 'done' || (end.kind === 'failed' && end.answer.meaning === 'not-loaded')
  }

  #withdraw({ action, name }: Withdrawal): Promise<LivepatchOutcome> {
    return this.#recorded({ kind: 'livepatch-withdraw', action, name }, async () => {
      const end = await runAction(this.#ports, { name, action })
      if (end.kind === 'unsettled') return unsettled(name, end)
      if (end.kind === 'failed') return refusedEnd(end)
      const gone = action === 'unload' || (await this.#unload(name))
      return { kind: 'done', name, attempts: end.attempts, leftLoaded: gone ? [] : [name] }
    })
  }

  /** After a replace that failed: what it took back is applied again, the lowest first. */
  async #recover(
    name: string,
    before: LivepatchStack,
    end: Extract<ActionEnd, { kind: 'failed' }>,
  ): Promise<LivepatchOutcome> {
    await this.#unload(name)
    const failure = refusedEnd(end)
    const now = this.list()
    const still = now.kind === 'shown' ? now.payloads : []
    const reverted = before.applied.filter((each) => !isApplied(still, each.name))
    if (reverted.length === 0) return failure
    const restored: string[] = []
    const lost: string[] = []
    for (const { name: each } of reverted) {
      const again = await runAction(this.#ports, { name: each, action: 'apply' })
      ;(again.kind === 'done' ? restored : lost).push(each)
    }
    const { refusal } = failure
    return { kind: 'incomplete', left: { kind: 'replace-failed', name, refusal, restored, lost } }
  }

  async #recorded(
    intent: IntentRecord,
    act: () => Promise<LivepatchOutcome>,
  ): Promise<LivepatchOutcome> {
    const transaction = this.#host.newTransaction()
    await this.#append({ ...intent, transaction })
    const outcome = await act()
    await this.#append({ kind: 'livepatch-end', transaction, result: endResult(outcome) }, outcome)
    return outcome
  }

  async #append(record: LivepatchRecord, outcome?: LivepatchOutcome): Promise<void> {
    try {
      await this.#host.journal.append(record)
    } catch (error) {
      throw new LivepatchUnrecorded(record, outcome, error)
    }
  }
}

type WithoutTransaction<T> = T extends LivepatchRecord ? Omit<T, 'transaction'> : never
type IntentRecord = WithoutTransaction<
  Extract<LivepatchRecord, { kind: 'livepatch-apply' | 'livepatch-withdraw' }>
>

function applyRecord(
  { order, name, buildId, functions }: PreparedPayload,
  action: 'apply' | 'replace',
): IntentRecord {
  const { hotfix, payload } = order
  const { dependsOn } = payload
  return { kind: 'livepatch-apply', action, hotfix, name, buildId, dependsOn, functions }
}

function endResult(
  outcome: LivepatchOutcome,
): Extract<LivepatchRecord, { kind: 'livepatch-end' }>['result'] {
  switch (outcome.kind) {
    case 'done':
    case 'already':
      return { kind: 'completed' }
    case 'refused':
      return { kind: 'refused', why: describeLivepatchRefusal(outcome.refusal) }
    case 'incomplete':
      return { kind: 'incomplete', what: describeLivepatchLeft(outcome.left) }
  }
}

function isApplied(payloads: readonly LoadedLivepatch[], name: string): boolean {
  return payloads.some((each) => each.name === name && each.state !== 'checked')
}

function refused(refusal: LivepatchRefusal): Refused {
  return { kind: 'refused', refusal }
}

function refusedBy(
  step: 'list' | 'upload',
  errno: number,
  evidence: readonly string[] = [],
): Refused {
  return refused({ kind: 'xen', answer: readXenAnswer(step, errno, evidence), attempts: 1 })
}

function refusedEnd({ answer, attempts }: Extract<ActionEnd, { kind: 'failed' }>): Refused {
  return refused({ kind: 'xen', answer, attempts })
}

function unsettled(
  name: string,
  { status }: Extract<ActionEnd, { kind: 'unsettled' }>,
): LivepatchOutcome {
  return { kind: 'incomplete', left: { kind: 'unsettled', name, status } }
}
