import { crc32 } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { crashAnywhere, type CrashMoment } from './crash-anywhere.ts'
import { JournalFailed } from './journal-failed.ts'
import type { SplicePlan } from './plan.ts'
import type { SpliceGoal } from './precheck.ts'
import { readJournal } from './read-journal.ts'
import { stateOf } from './state-of.ts'
import { arbitraryPlan } from './testing/arbitrary-plan.ts'
import { detour, twoDetoursAndAnEdit } from './testing/sample-plans.ts'
import { isUnpatched, simFound } from './testing/sim-hypervisor.ts'
import { replayWorld } from './testing/splice-invariants.ts'
import { SpliceWorld } from './testing/splice-world.ts'
import type { TransactionOutcome } from './transaction.ts'

describe('runTransaction() under crashes', () => {
  const goals: readonly SpliceGoal[] = ['applied', 'not-applied']

  it.each(goals)('survives any two faults on the way to %s', async (goal) => {
    const { calls, runs } = await crashTest(detour, goal, 2)
    expect(calls).toBeGreaterThanOrEqual(16)
    expect(runs).toBeGreaterThan(6 * calls)
  })

  it.each(goals)('survives a fault at any step of random plans on the way to %s', async (goal) => {
    await fc.assert(
      fc.asyncProperty(arbitraryPlan, async (plan) => {
        const { calls } = await crashTest(plan, goal, 1)
        expect(calls).toBeGreaterThanOrEqual(5 + 3 * plan.writes.length)
      }),
      { seed: 0x5eed, numRuns: 8 },
    )
  })

  it('survives any fault with several changes', async () => {
    for (const goal of goals) {
      const { calls, runs } = await crashTest(twoDetoursAndAnEdit, goal, 1)
      expect(runs).toBe(1 + 6 * calls)
    }
  })
})

function crashTest(plan: SplicePlan, goal: SpliceGoal, faultsAtOnce: 1 | 2) {
  const startsApplied = goal === 'not-applied'
  return crashAnywhere<SpliceWorld>({
    newWorld: () => (startsApplied ? newWorld(plan).withFixApplied() : newWorld(plan)),
    portsOf: (world) => world.ports(),
    act: (ports, world) => world.spliceTo(goal, ports),
    finishes: {
      apply: (ports, world) => world.spliceTo('applied', ports),
      revert: (ports, world) => world.spliceTo('not-applied', ports),
    },
    check: (world, moment) => checkWorld(world, moment, startsApplied),
    faultsAtOnce,
  })
}

// Plain throws and not `expect`: it runs some hundred thousand times.
function checkWorld(world: SpliceWorld, moment: CrashMoment, startsApplied: boolean): void {
  replayWorld(world, startsApplied)
  const state = stateIn(world)
  if (state.kind === 'foreign') throw new Error('Memory holds foreign bytes')
  const journal = readJournal(world.journalFile, crc32)
  if (journal.kind === 'corrupt') throw new Error(`The journal is corrupt: ${journal.why}`)

  const { ending, finish } = moment
  if (finish?.by === 'apply' && state.kind !== 'applied') throw new Error(`It is ${state.kind}`)
  if (finish?.by === 'revert' && !isUnpatched(world.ram))
    throw new Error('The old bytes are not back')
  if (finish !== undefined) return
  if (ending.kind === 'rejected' && !(ending.error instanceof JournalFailed)) throw ending.error
  if (ending.kind !== 'resolved') return
  const outcome = ending.value as Awaited<ReturnType<SpliceWorld['spliceTo']>>
  if (outcome.kind === 'refused') {
    if (journal.entries.length > 0) throw new Error('A refused transaction is in the journal')
    return
  }
  if (journal.entries.at(-1)?.record.kind !== 'end') throw new Error('The journal has no end')
  if (!tellsTheTruth(outcome, world)) throw new Error(`It says ${outcome.kind}, and lies`)
}

function tellsTheTruth(
  outcome: Awaited<ReturnType<SpliceWorld['spliceTo']>>,
  world: SpliceWorld,
): boolean {
  const state = stateIn(world)
  switch (outcome.kind) {
    case 'applied':
      return state.kind === 'applied'
    case 'reverted':
      return outcome.staged.kind === 'removed'
        ? isUnpatched(world.ram)
        : state.kind === 'not-applied'
    case 'undone':
      return state.kind === 'not-applied'
    case 'in-doubt':
      return sameAsMemory(outcome, state.kind)
    default:
      return false
  }
}

function sameAsMemory(
  outcome: Extract<TransactionOutcome, { readonly kind: 'in-doubt' }>,
  kind: string,
): boolean {
  return outcome.memory.kind === 'unreadable' || outcome.memory.state.kind === kind
}

function newWorld(plan: SplicePlan): SpliceWorld {
  return new SpliceWorld(plan, crc32)
}

function stateIn(world: SpliceWorld) {
  return stateOf(world.plan, simFound(world.ram, world.plan))
}
