/**
 * Makes a plan so in a running hypervisor, or takes it back.
 *
 * Every write is announced in the journal, made, read back, and its outcome recorded. Nothing
 * becomes reachable before all that it leads to was read back, and nothing is taken away while a
 * processor may still run it.
 *
 * @module
 */

import type { ImageLocation } from '../image/image-location.ts'
import type { PhysicalMemory } from '../memory/physical-memory.ts'
import type { WriteGrant } from '../memory/write-grant.ts'
import type { WriteState } from './fix-state.ts'
import type { EndRecord, Journal, TransactionRecord, WriteDirection } from './journal.ts'
import { JournalFailed } from './journal-failed.ts'
import { memoryShows, type MemoryShows } from './memory-shows.ts'
import type { Passage, PassageOutcome } from './passage.ts'
import type { PlannedWrite, SplicePlan } from './plan.ts'
import type { SpliceGoal } from './precheck.ts'
import { writeStateOf } from './state-of.ts'
import { makeStep, readStep } from './splice-step.ts'
import { describeStepFailure, type StepFailure } from './step-failure.ts'

/** What a transaction acts through. */
export interface TransactionPorts {
  readonly memory: PhysicalMemory
  readonly journal: Journal
  readonly passage: Passage
}

/** What to do: all of it comes from a precheck that said `ready`. */
export interface TransactionOrder {
  /** Names the transaction in the journal. Never used twice. */
  readonly transaction: string
  readonly engine: string
  readonly plan: SplicePlan
  readonly goal: SpliceGoal
  readonly location: ImageLocation
  readonly grant: WriteGrant
  readonly found: readonly Uint8Array[]
}

export type TransactionOutcome =
  /** Every write of the plan is in memory, each read back. `written` counts those made now. */
  | { readonly kind: 'applied'; readonly written: number }
  /** Every site holds its old bytes again. */
  | { readonly kind: 'reverted'; readonly written: number; readonly staged: StagedCode }
  /**
   * The fix could not be applied. Every switch holds its old bytes and was read back; staged code,
   * which nothing reaches, may be left.
   */
  | { readonly kind: 'undone'; readonly failure: StepFailure }
  /**
   * A revert failed, or an apply and then its undoing (`undoFailure`). `memory` tells how the
   * machine was left; another apply or revert can finish unless that is `foreign`.
   */
  | {
      readonly kind: 'in-doubt'
      readonly failure: StepFailure
      readonly undoFailure: StepFailure | undefined
      readonly memory: MemoryShows
    }

/** `left` is harmless: nothing reaches the code, and a later revert takes it away. */
export type StagedCode =
  | { readonly kind: 'removed' }
  | { readonly kind: 'left'; readonly why: string }

/**
 * Runs one transaction to its end. Running it again, on what a new precheck found, finishes what
 * an interrupted one began.
 *
 * `applied` does not mean that every processor has left the old code: those inside run it to its
 * end, side by side with the new.
 *
 * @throws JournalFailed when an intent or an outcome could not be made durable: then nothing more
 * is written
 */
export async function runTransaction(
  ports: TransactionPorts,
  order: TransactionOrder,
): Promise<TransactionOutcome> {
  const run = new Run(ports, order)
  return order.goal === 'applied' ? run.apply() : run.revert()
}

interface IndexedWrite {
  readonly write: PlannedWrite
  readonly index: number
}

/** A transaction under way: what memory holds at each write, as last read, where that is known. */
class Run {
  readonly #ports: TransactionPorts
  readonly #order: TransactionOrder
  readonly #found: (Uint8Array | undefined)[]
  #written = 0

  constructor(ports: TransactionPorts, order: TransactionOrder) {
    this.#ports = ports
    this.#order = order
    this.#found = [...order.found]
  }

  async apply(): Promise<TransactionOutcome> {
    await this.#begin()
    const failure =
      (await this.#shutDamagedCode()) ?? (await this.#putAll(this.#writes(), 'put-after'))
    if (failure !== undefined) return this.#undo(failure)
    await this.#end({ kind: 'completed' })
    return { kind: 'applied', written: this.#written }
  }

  async revert(): Promise<TransactionOutcome> {
    await this.#begin()
    const backwards = this.#writes().toReversed()
    const switches = backwards.filter(({ write }) => write.role === 'switch')
    const staged = backwards.filter(({ write }) => write.role !== 'switch')
    const failure = await this.#putAll(switches, 'put-before')
    if (failure !== undefined) return this.#inDoubt(failure)

    if (staged.some(({ index }) => this.#state(index) !== 'before')) {
      const passage = await this.#awaitPassage()
      if (passage.kind === 'unknown') {
        await this.#end({ kind: 'completed' })
        const left = { kind: 'left', why: passage.why } as const
        return { kind: 'reverted', written: this.#written, staged: left }
      }
      const failed = await this.#putAll(staged, 'put-before')
      if (failed !== undefined) return this.#inDoubt(failed)
    }
    await this.#end({ kind: 'completed' })
    return { kind: 'reverted', written: this.#written, staged: { kind: 'removed' } }
  }

  /**
   * Puts back each switch that leads to code that is not whole, and waits until no processor is in
   * that code, before it is written again.
   */
  // No transaction of ours ends so, for code is whole before it is live. Memory that was damaged
  // otherwise can look so, and then staging would write under running processors.
  async #shutDamagedCode(): Promise<StepFailure | undefined> {
    const damaged = new Set(
      this.#writes()
        .filter(({ write, index }) => write.role !== 'switch' && this.#state(index) !== 'after')
        .map(({ write }) => write.change),
    )
    const live = this.#writes().filter(
      ({ write, index }) =>
        write.role === 'switch' && damaged.has(write.change) && this.#state(index) !== 'before',
    )
    if (live.length === 0) return undefined
    const failure = await this.#putAll(live.toReversed(), 'put-before')
    if (failure !== undefined) return failure
    const passage = await this.#awaitPassage()
    if (passage.kind === 'left') return undefined
    return { kind: 'passage-unknown', why: passage.why }
  }

  /** After a failed apply: every switch back to its old bytes, those of earlier runs included. */
  async #undo(failure: StepFailure): Promise<TransactionOutcome> {
    const switches = this.#writes().filter(({ write }) => write.role === 'switch')
    const undone = await this.#putAll(switches.toReversed(), 'put-before')
    if (undone !== undefined) return this.#inDoubt(failure, undone)
    await this.#end({ kind: 'abandoned', reason: describeStepFailure(failure) })
    return { kind: 'undone', failure }
  }

  async #inDoubt(failure: StepFailure, undoFailure?: StepFailure): Promise<TransactionOutcome> {
    const memory = await this.#memoryShows()
    await this.#end({ kind: 'abandoned', reason: describeStepFailure(failure) })
    return { kind: 'in-doubt', failure, undoFailure, memory }
  }

  /** Makes those of the writes that memory does not hold yet, in order, up to the first failure. */
  async #putAll(
    writes: readonly IndexedWrite[],
    direction: WriteDirection,
  ): Promise<StepFailure | undefined> {
    const wanted = direction === 'put-after' ? 'after' : 'before'
    for (const { write, index } of writes) {
      if (this.#state(index) === wanted) continue
      const failure = await this.#put(write, index, direction)
      if (failure !== undefined) return failure
    }
    return undefined
  }

  async #put(
    write: PlannedWrite,
    index: number,
    direction: WriteDirection,
  ): Promise<StepFailure | undefined> {
    const { location, grant, transaction } = this.#order
    const { memory } = this.#ports
    const order = { write, direction, location, grant }
    if (this.#state(index) === 'unknown') {
      const look = await readStep(memory, order)
      this.#found[index] = look.found
      if (look.failure !== undefined) return look.failure
      if (this.#state(index) === (direction === 'put-after' ? 'after' : 'before')) return undefined
    }
    await this.#append({ kind: 'intent', transaction, write: index, direction })
    const step = await makeStep(memory, order)
    this.#found[index] = step.found
    const result =
      step.failure === undefined
        ? ({ kind: 'verified' } as const)
        : ({ kind: 'failed', what: describeStepFailure(step.failure) } as const)
    await this.#append({ kind: 'outcome', transaction, write: index, direction, result })
    if (step.failure === undefined) this.#written += 1
    return step.failure
  }

  async #awaitPassage(): Promise<PassageOutcome> {
    const { transaction } = this.#order
    let result: PassageOutcome
    try {
      result = await this.#ports.passage.everyCpuHasLeft()
    } catch (error) {
      result = { kind: 'unknown', why: error instanceof Error ? error.message : String(error) }
    }
    await this.#append({ kind: 'passage', transaction, result })
    return result
  }

  #begin(): Promise<void> {
    const { transaction, goal, engine, plan, location } = this.#order
    const machineStart = location.machine.start
    return this.#append({ kind: 'begin', transaction, goal, machineStart, engine, plan })
  }

  #end(result: EndRecord['result']): Promise<void> {
    return this.#append({ kind: 'end', transaction: this.#order.transaction, result })
  }

  async #append(record: TransactionRecord): Promise<void> {
    try {
      await this.#ports.journal.append(record)
    } catch (error) {
      await this.#tryToEnd(record, error)
      throw new JournalFailed(record, await this.#memoryShows(), error)
    }
  }

  /** A journal that took one record badly may still take the last one. */
  async #tryToEnd(failed: TransactionRecord, error: unknown): Promise<void> {
    if (failed.kind === 'begin' || failed.kind === 'end') return
    const reason = `the journal failed: ${error instanceof Error ? error.message : String(error)}`
    const { transaction } = this.#order
    try {
      await this.#ports.journal.append({
        kind: 'end',
        transaction,
        result: { kind: 'abandoned', reason },
      })
    } catch {
      // The first failure is the one to report; the caller gets it.
    }
  }

  #memoryShows(): Promise<MemoryShows> {
    return memoryShows(this.#ports.memory, this.#order)
  }

  #writes(): IndexedWrite[] {
    return this.#order.plan.writes.map((write, index) => ({ write, index }))
  }

  #state(index: number): WriteState | 'unknown' {
    const write = this.#order.plan.writes[index]
    const found = this.#found[index]
    return write === undefined || found === undefined ? 'unknown' : writeStateOf(write, found)
  }
}
