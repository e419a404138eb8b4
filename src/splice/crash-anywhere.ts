/**
 * Fails every step of a transaction in turn, restarts, and finishes: the check that no crash
 * leaves a machine that cannot be understood or finished.
 *
 * For tests of everything that runs transactions. A "step" is a call of a port: a journal's append,
 * a read, a write, a wait for passage.
 *
 * @module
 */

import { withinAlignedUnit } from '../address/address-range.ts'
import type { PhysicalMemory, TransferFailure } from '../memory/physical-memory.ts'
import { STORE_UNIT_BYTES } from './store-unit.ts'
import type { TransactionPorts } from './transaction.ts'

/**
 * How one call of a port goes wrong.
 *
 * `killed-…`: the process dies before the call takes effect, after it did but before the caller
 * hears, or (for a write that is no single store) in the middle. `refused`: the call fails and
 * changes nothing. `refused-after`: it fails, and yet took effect. `twice`: it takes effect twice.
 */
export type CrashFault = (typeof crashFaults)[number]

export const crashFaults = [
  'killed-before',
  'killed-after',
  'killed-half-way',
  'refused',
  'refused-after',
  'twice',
] as const

/** A fault at one call: `memory.write`, the 7th call of the transaction. */
export interface PlacedFault {
  readonly fault: CrashFault
  /** Counted from 1. */
  readonly call: number
}

/** How the faulty transaction ended. */
export type CrashEnding =
  | { readonly kind: 'killed' }
  | { readonly kind: 'resolved'; readonly value: unknown }
  | { readonly kind: 'rejected'; readonly error: unknown }

/** When the invariants are checked. */
export interface CrashMoment {
  readonly faults: readonly PlacedFault[]
  /** The names of the ports' calls up to the end, such as `journal.append`. */
  readonly calls: readonly string[]
  readonly ending: CrashEnding
  /** How often, and by which of the ways, the transaction was finished after a restart. */
  readonly finish: { readonly by: string; readonly times: 1 | 2 } | undefined
}

export interface CrashTrial<World> {
  /** A machine and a journal as they are before the transaction. Equal each time. */
  newWorld(): World
  /** The ports of a process that starts now. */
  portsOf(world: World): TransactionPorts
  /** The transaction that is to fail. */
  act(ports: TransactionPorts, world: World): Promise<unknown>
  /** The ways in which an operator may finish after a restart, by name. */
  readonly finishes: Readonly<
    Record<string, (ports: TransactionPorts, world: World) => Promise<unknown>>
  >
  /** Throws when something that must hold does not. */
  check(world: World, moment: CrashMoment): void
  /** With 2, each call after a fault that the process survives fails too. */
  readonly faultsAtOnce: 1 | 2
}

/** Something that must hold at every moment did not. */
export class CrashInvariantBroken extends Error {
  override readonly name = 'CrashInvariantBroken'
  readonly code = 'crash-invariant-broken'
  readonly moment: CrashMoment

  constructor(moment: CrashMoment, cause: unknown) {
    const faults = moment.faults.map(
      ({ fault, call }) => `${fault} at call ${call} (${moment.calls[call - 1] ?? 'none'})`,
    )
    const when =
      moment.finish === undefined
        ? 'before a restart'
        : `after '${moment.finish.by}' ran ${moment.finish.times === 1 ? 'once' : 'twice'}`
    const why = cause instanceof Error ? cause.message : String(cause)
    super(`With ${faults.join(', then ') || 'no fault'}, ${when}: ${why}`, { cause })
    this.moment = moment
  }
}

/**
 * Runs the trial without a fault, then with every fault at every call, each followed by a restart
 * and by every way to finish, twice over.
 *
 * @throws CrashInvariantBroken at the first moment at which `check` throws
 * @returns how many calls the transaction makes by itself, and how many times it was run
 */
export async function crashAnywhere<World>(
  trial: CrashTrial<World>,
): Promise<{ readonly calls: number; readonly runs: number }> {
  const whole = await runAndFinish(trial, [])
  let runs = 1
  for (let call = 1; call <= whole.calls.length; call += 1) {
    for (const fault of crashFaults) {
      const first = { fault, call }
      const { calls, ending } = await runAndFinish(trial, [first])
      runs += 1
      if (trial.faultsAtOnce === 1 || ending.kind === 'killed' || fault === 'twice') continue
      for (let later = call + 1; later <= calls.length; later += 1) {
        for (const second of crashFaults) {
          await runAndFinish(trial, [first, { fault: second, call: later }])
          runs += 1
        }
      }
    }
  }
  return { calls: whole.calls.length, runs }
}

async function runAndFinish<World>(
  trial: CrashTrial<World>,
  faults: readonly PlacedFault[],
): Promise<CrashMoment> {
  let first: CrashMoment | undefined
  for (const [by, finish] of Object.entries(trial.finishes)) {
    const world = trial.newWorld()
    const process = new FaultyProcess(trial.portsOf(world), faults)
    const ending = await process.run(() => trial.act(process.ports, world))
    const moment = { faults, calls: process.calls, ending, finish: undefined }
    first ??= moment
    check(trial, world, moment)
    for (const times of [1, 2] as const) {
      const again = { ...moment, finish: { by, times } }
      try {
        await finish(trial.portsOf(world), world)
      } catch (error) {
        throw new CrashInvariantBroken(again, error)
      }
      check(trial, world, again)
    }
  }
  if (first === undefined) throw new RangeError('A crash trial needs a way to finish')
  return first
}

function check<World>(trial: CrashTrial<World>, world: World, moment: CrashMoment): void {
  try {
    trial.check(world, moment)
  } catch (error) {
    throw new CrashInvariantBroken(moment, error)
  }
}

/** What a call throws in a process that is dead: its caller does not live to see it. */
class ProcessKilled extends Error {
  override readonly name = 'ProcessKilled'
  readonly code = 'process-killed'
}

interface PortCall<T> {
  readonly name: string
  readonly act: () => Promise<T>
  readonly refuse: () => T
  readonly actHalf?: (() => Promise<unknown>) | undefined
}

/** One process, with a fault put into chosen calls. Once killed, none of its calls does anything. */
class FaultyProcess {
  readonly ports: TransactionPorts
  readonly calls: string[] = []
  readonly #faults: readonly PlacedFault[]
  #killed = false

  constructor(inner: TransactionPorts, faults: readonly PlacedFault[]) {
    this.#faults = faults
    this.ports = {
      memory: this.#faultyMemory(inner.memory),
      journal: {
        append: (record) =>
          this.#call({
            name: `journal.append ${record.kind}`,
            act: () => inner.journal.append(record),
            refuse: () => {
              throw new Error('The journal refused the record')
            },
          }),
      },
      passage: {
        everyCpuHasLeft: () =>
          this.#call({
            name: 'passage.everyCpuHasLeft',
            act: () => inner.passage.everyCpuHasLeft(),
            refuse: () => ({ kind: 'unknown', why: 'the passage was refused' }),
          }),
      },
    }
  }

  async run(act: () => Promise<unknown>): Promise<CrashEnding> {
    try {
      const value = await act()
      return this.#killed ? { kind: 'killed' } : { kind: 'resolved', value }
    } catch (error) {
      return this.#killed ? { kind: 'killed' } : { kind: 'rejected', error }
    }
  }

  #faultyMemory(memory: PhysicalMemory): PhysicalMemory {
    return {
      read: (extents) =>
        this.#call({
          name: 'memory.read',
          act: () => memory.read(extents),
          refuse: () => extents.map((_, index) => (index === 0 ? REFUSED : NOT_TRIED)),
        }),
      write: (grant, at, bytes) => {
        const oneStore = withinAlignedUnit(
          { start: at, byteLength: bytes.length },
          STORE_UNIT_BYTES,
        )
        const half = bytes.subarray(0, bytes.length >> 1)
        return this.#call({
          name: 'memory.write',
          act: () => memory.write(grant, at, bytes),
          refuse: () => REFUSED,
          actHalf: oneStore ? undefined : () => memory.write(grant, at, half),
        })
      },
    }
  }

  async #call<T>({ name, act, refuse, actHalf }: PortCall<T>): Promise<T> {
    if (this.#killed) throw new ProcessKilled()
    this.calls.push(name)
    const placed = this.#faults.find(({ call }) => call === this.calls.length)
    switch (placed?.fault) {
      case undefined:
        return act()
      case 'killed-before':
        return this.#die()
      case 'killed-after':
        await act()
        return this.#die()
      case 'killed-half-way':
        await actHalf?.()
        return this.#die()
      case 'refused':
        return refuse()
      case 'refused-after':
        await act()
        return refuse()
      case 'twice':
        await act()
        return act()
    }
  }

  #die(): never {
    this.#killed = true
    throw new ProcessKilled()
  }
}

const REFUSED: TransferFailure = { kind: 'device-error', status: 'refused by the trial' }
const NOT_TRIED: TransferFailure = {
  kind: 'not-issued',
  reason: { kind: 'earlier-extent-failed' },
}
