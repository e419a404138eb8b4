import { crc32 } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { toMachine } from '../image/image-location.ts'
import type { PhysicalMemory, WriteOutcome } from '../memory/physical-memory.ts'
import { JournalFailed } from './journal-failed.ts'
import { rangeOf } from './plan-shape.ts'
import type { SplicePlan } from './plan.ts'
import { readJournal } from './read-journal.ts'
import { stateOf } from './state-of.ts'
import { simPlan, simWrite } from './testing/arbitrary-plan.ts'
import { detour, twoDetoursAndAnEdit } from './testing/sample-plans.ts'
import { isUnpatched, simFound, simLocation } from './testing/sim-hypervisor.ts'
import { SpliceWorld } from './testing/splice-world.ts'
import type { TransactionPorts } from './transaction.ts'

function newWorld(plan: SplicePlan = detour): SpliceWorld {
  return new SpliceWorld(plan, crc32)
}

function stateIn(world: SpliceWorld) {
  return stateOf(world.plan, simFound(world.ram, world.plan))
}

/** The records' kinds and what tells them apart, for reading in one glance. */
function journalOf(world: SpliceWorld): string[] {
  const journal = readJournal(world.journalFile, crc32)
  if (journal.kind === 'corrupt') throw new Error(journal.why)
  return journal.entries.map(({ record }) => {
    switch (record.kind) {
      case 'begin':
        return `begin ${record.goal}`
      case 'intent':
        return `intent ${record.write} ${record.direction}`
      case 'outcome':
        return `outcome ${record.write} ${record.result.kind}`
      case 'passage':
      case 'end':
        return `${record.kind} ${record.result.kind}`
      default:
        return record.kind
    }
  })
}

/** The ports of `world`, with another outcome for chosen writes, counted from 1. */
function portsWith(
  world: SpliceWorld,
  faults: Readonly<Record<number, (write: () => Promise<WriteOutcome>) => Promise<WriteOutcome>>>,
): TransactionPorts {
  const ports = world.ports()
  let count = 0
  const memory: PhysicalMemory = {
    read: (extents) => ports.memory.read(extents),
    write: (grant, at, bytes) => {
      count += 1
      const fault = faults[count]
      const write = () => ports.memory.write(grant, at, bytes)
      return fault === undefined ? write() : fault(write)
    },
  }
  return { ...ports, memory }
}

const refused = async (): Promise<WriteOutcome> => ({ kind: 'device-error', status: '0x4004' })
const pretended = async (): Promise<WriteOutcome> => ({ kind: 'accepted' })

describe('runTransaction() to apply', () => {
  it('announces, makes and verifies each write in the order of the plan', async () => {
    const world = newWorld()
    expect(await world.spliceTo('applied')).toEqual({ kind: 'applied', written: 3 })
    expect(stateIn(world)).toEqual({ kind: 'applied' })
    expect(journalOf(world)).toEqual([
      'begin applied',
      'intent 0 put-after',
      'outcome 0 verified',
      'intent 1 put-after',
      'outcome 1 verified',
      'intent 2 put-after',
      'outcome 2 verified',
      'end completed',
    ])
  })

  it('writes nothing when it is already applied', async () => {
    const world = newWorld().withFixApplied()
    expect(await world.spliceTo('applied')).toEqual({ kind: 'already-applied' })
    expect(journalOf(world)).toEqual([])
  })

  it('does not write again what an interrupted apply has written', async () => {
    const world = newWorld()
    const stage = detour.writes[0]
    if (stage === undefined) throw new Error('The plan has no stage')
    world.ram.write(toMachine(simLocation, rangeOf(stage)).start, stage.after)
    expect(await world.spliceTo('applied')).toEqual({ kind: 'applied', written: 2 })
  })

  it('leaves every switch alone when a stage is refused', async () => {
    const world = newWorld()
    const outcome = await world.spliceTo('applied', portsWith(world, { 1: refused }))
    expect(outcome).toMatchObject({ kind: 'undone', failure: { kind: 'write-failed' } })
    expect(stateIn(world)).toEqual({ kind: 'not-applied', staged: false })
    expect(journalOf(world)).toEqual([
      'begin applied',
      'intent 0 put-after',
      'outcome 0 failed',
      'end abandoned',
    ])
  })

  it('puts back the switches it made when a later one reads back wrong', async () => {
    const world = newWorld(twoDetoursAndAnEdit)
    const outcome = await world.spliceTo('applied', portsWith(world, { 5: pretended }))
    expect(outcome).toMatchObject({
      kind: 'undone',
      failure: { kind: 'read-back-differs', write: { place: 'sim_text+0x40b' } },
    })
    expect(stateIn(world)).toEqual({ kind: 'not-applied', staged: true })
    expect(journalOf(world).slice(-5)).toEqual([
      'intent 4 put-after',
      'outcome 4 failed',
      'intent 3 put-before',
      'outcome 3 verified',
      'end abandoned',
    ])
  })

  it('puts back a switch whose write failed but took effect', async () => {
    const world = newWorld()
    const failing = async (write: () => Promise<WriteOutcome>): Promise<WriteOutcome> => {
      await write()
      return refused()
    }
    const outcome = await world.spliceTo('applied', portsWith(world, { 3: failing }))
    expect(outcome).toMatchObject({ kind: 'undone' })
    expect(stateIn(world)).toEqual({ kind: 'not-applied', staged: true })
  })

  it('looks before it puts back a switch whose write failed, and leaves old bytes alone', async () => {
    const world = newWorld()
    const outcome = await world.spliceTo('applied', portsWith(world, { 3: refused }))
    expect(outcome).toMatchObject({ kind: 'undone', failure: { kind: 'write-failed' } })
    expect(journalOf(world).slice(-3)).toEqual([
      'intent 2 put-after',
      'outcome 2 failed',
      'end abandoned',
    ])
  })

  it('is in doubt, with what memory shows, when the undoing fails too', async () => {
    const world = newWorld(twoDetoursAndAnEdit)
    const outcome = await world.spliceTo('applied', portsWith(world, { 5: refused, 6: refused }))
    expect(outcome).toMatchObject({
      kind: 'in-doubt',
      failure: { kind: 'write-failed', direction: 'put-after' },
      undoFailure: { kind: 'write-failed', direction: 'put-before' },
      memory: { kind: 'state', state: { kind: 'inconsistent' } },
    })
    expect(journalOf(world).at(-1)).toBe('end abandoned')
  })

  it('is in doubt when the device is lost, and still ends in the journal', async () => {
    const world = newWorld()
    let lost = false
    const ports = portsWith(world, {
      3: async () => {
        lost = true
        throw new Error('The device is gone')
      },
    })
    const read: PhysicalMemory['read'] = async (extents) => {
      if (lost) throw new Error('The device is gone')
      return ports.memory.read(extents)
    }
    const memory: PhysicalMemory = { read, write: (...write) => ports.memory.write(...write) }
    const outcome = await world.spliceTo('applied', { ...ports, memory })
    expect(outcome).toMatchObject({
      kind: 'in-doubt',
      failure: { kind: 'memory-broke' },
      memory: { kind: 'unreadable', why: 'The device is gone' },
    })
    expect(journalOf(world).at(-1)).toBe('end abandoned')
  })

  it('shuts a live switch whose code is damaged before it writes that code', async () => {
    const world = newWorld().withFixApplied()
    tearStage(world)
    expect(await world.spliceTo('applied')).toEqual({ kind: 'applied', written: 3 })
    expect(journalOf(world)).toEqual([
      'begin applied',
      'intent 2 put-before',
      'outcome 2 verified',
      'passage left',
      'intent 0 put-after',
      'outcome 0 verified',
      'intent 2 put-after',
      'outcome 2 verified',
      'end completed',
    ])
  })

  it('does not write damaged code that may still be running', async () => {
    const world = newWorld().withFixApplied()
    tearStage(world)
    world.passage = { kind: 'unknown', why: 'a processor did not answer' }
    const outcome = await world.spliceTo('applied')
    expect(outcome).toEqual({
      kind: 'undone',
      failure: { kind: 'passage-unknown', why: 'a processor did not answer' },
    })
    expect(stateIn(world)).toEqual({ kind: 'not-applied', staged: true })
  })

  it('writes nothing more once the journal fails, and says how the machine is', async () => {
    const world = newWorld()
    const ports = world.ports()
    let appends = 0
    const journal: TransactionPorts['journal'] = {
      append: async (record) => {
        appends += 1
        if (appends >= 6) throw new Error('No space left')
        return ports.journal.append(record)
      },
    }
    const failure = await world.spliceTo('applied', { ...ports, journal }).catch((error) => error)
    expect(failure).toBeInstanceOf(JournalFailed)
    expect(failure).toMatchObject({
      code: 'journal-failed',
      record: { kind: 'intent', write: 2 },
      memory: { kind: 'state', state: { kind: 'not-applied', staged: true } },
      cause: { message: 'No space left' },
    })
    expect(stateIn(world)).toEqual({ kind: 'not-applied', staged: true })
  })

  it('still ends in a journal that failed once', async () => {
    const world = newWorld()
    const ports = world.ports()
    let appends = 0
    const journal: TransactionPorts['journal'] = {
      append: async (record) => {
        appends += 1
        if (appends === 3) throw new Error('Interrupted')
        return ports.journal.append(record)
      },
    }
    const running = world.spliceTo('applied', { ...ports, journal })
    await expect(running).rejects.toBeInstanceOf(JournalFailed)
    expect(journalOf(world)).toEqual(['begin applied', 'intent 0 put-after', 'end abandoned'])
  })
})

describe('runTransaction() to revert', () => {
  it('shuts the switches, waits for every processor, then takes the code away', async () => {
    const world = newWorld().withFixApplied()
    const outcome = await world.spliceTo('not-applied')
    expect(outcome).toEqual({ kind: 'reverted', written: 3, staged: { kind: 'removed' } })
    expect(isUnpatched(world.ram)).toBe(true)
    expect(journalOf(world)).toEqual([
      'begin not-applied',
      'intent 2 put-before',
      'outcome 2 verified',
      'passage left',
      'intent 1 put-before',
      'outcome 1 verified',
      'intent 0 put-before',
      'outcome 0 verified',
      'end completed',
    ])
  })

  it('leaves staged code in place while a processor may be in it, and says so', async () => {
    const world = newWorld().withFixApplied()
    world.passage = { kind: 'unknown', why: 'a processor did not answer' }
    const outcome = await world.spliceTo('not-applied')
    const staged = { kind: 'left', why: 'a processor did not answer' }
    expect(outcome).toEqual({ kind: 'reverted', written: 1, staged })
    expect(stateIn(world)).toEqual({ kind: 'not-applied', staged: true })
    world.passage = { kind: 'left' }
    expect(await world.spliceTo('not-applied')).toMatchObject({ staged: { kind: 'removed' } })
    expect(isUnpatched(world.ram)).toBe(true)
  })

  it('does not wait for processors when there is no code to take away', async () => {
    const edit = simPlan([simWrite('switch', 0, 0x500, Uint8Array.of(0x83))])
    const world = newWorld(edit).withFixApplied()
    await world.spliceTo('not-applied')
    expect(journalOf(world)).not.toContain('passage left')
  })

  it('stops at a switch that it cannot put back, with all code still in place', async () => {
    const world = newWorld(twoDetoursAndAnEdit).withFixApplied()
    const outcome = await world.spliceTo('not-applied', portsWith(world, { 2: refused }))
    expect(outcome).toMatchObject({
      kind: 'in-doubt',
      undoFailure: undefined,
      memory: { kind: 'state', state: { kind: 'inconsistent' } },
    })
    expect(journalOf(world)).not.toContain('passage left')
    expect(journalOf(world).at(-1)).toBe('end abandoned')
  })
})

/** Half of the stage's bytes back to the old ones, as no transaction leaves them. */
function tearStage(world: SpliceWorld): void {
  const stage = world.plan.writes[0]
  if (stage === undefined) throw new Error('The plan has no stage')
  const { start } = toMachine(simLocation, rangeOf(stage))
  world.ram.write(start, stage.before.subarray(0, 10))
}
