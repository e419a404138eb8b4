import { describe, expect, it } from 'vitest'
import type { BuildId } from '../image/build-id.ts'
import { machineAddress } from '../address/address.ts'
import type { JournalEntry, JournalRecord } from '../splice/journal.ts'
import type { SpliceGoal } from '../splice/precheck.ts'
import { twoDetoursAndAnEdit } from '../splice/testing/sample-plans.ts'
import { standingOf } from './standing.ts'

const PAYLOAD = '5a'.repeat(20) as BuildId
const NAME = 'reweave-xsa-506-5a5a5a5a'
const FIX = twoDetoursAndAnEdit.fix

function journal(...records: readonly JournalRecord[]): {
  entries: readonly JournalEntry[]
  bootId: string
} {
  const entries = records.map((record, index) => ({
    sequence: index + 1,
    bootId: 'now',
    time: '2026-11-21T12:00:00.000Z',
    record,
  }))
  return { entries, bootId: 'now' }
}

function begin(transaction: string, goal: SpliceGoal): JournalRecord {
  const machineStart = machineAddress(0x1000n)
  return {
    kind: 'begin',
    transaction,
    goal,
    machineStart,
    engine: 'edu',
    plan: twoDetoursAndAnEdit,
  }
}

function end(transaction: string): JournalRecord {
  return { kind: 'end', transaction, result: { kind: 'completed' } }
}

const LIVEPATCHED: JournalRecord = {
  kind: 'livepatch-apply',
  transaction: 'l1',
  action: 'apply',
  hotfix: 'xsa-506',
  name: NAME,
  buildId: PAYLOAD,
  dependsOn: PAYLOAD,
  functions: [],
}

describe('standingOf()', () => {
  it('tells by the list that a livepatch of ours is in use, or loaded', () => {
    const told = { channel: 'livepatch', livepatch: NAME, buildId: PAYLOAD }
    const applied = standingOf('xsa-506', journal(LIVEPATCHED), [{ name: NAME, state: 'applied' }])
    expect(applied).toEqual({ ...told, state: 'applied' })
    const loaded = standingOf('xsa-506', journal(LIVEPATCHED), [{ name: NAME, state: 'checked' }])
    expect(loaded).toEqual({ ...told, state: 'loaded' })
  })

  it('believes the list, and not a journal that knows of a livepatch', () => {
    expect(standingOf('xsa-506', journal(LIVEPATCHED), [])).toBeUndefined()
  })

  it('knows a livepatch of ours by its name, if the journal is gone', () => {
    const listed = [{ name: NAME, state: 'applied' }] as const
    expect(standingOf('xsa-506', journal(), listed)).toMatchObject({
      channel: 'livepatch',
      livepatch: NAME,
      buildId: undefined,
    })
  })

  it("takes no other tool's livepatch for a hotfix of that name", () => {
    expect(standingOf('lp', journal(), [{ name: 'lp', state: 'applied' }])).toBeUndefined()
  })

  it.each<[string, readonly JournalRecord[], boolean]>([
    ['was applied', [begin('1', 'applied'), end('1')], true],
    ['was being applied', [begin('1', 'applied')], true],
    ['was reverted', [begin('1', 'applied'), end('1'), begin('2', 'not-applied'), end('2')], false],
    ['was being reverted', [begin('1', 'applied'), end('1'), begin('2', 'not-applied')], true],
    ['was never touched', [], false],
  ])('of splices, looks to memory exactly where a hotfix %s', (_what, records, looks) => {
    expect(standingOf(FIX, journal(...records), [])?.channel).toBe(looks ? 'dma' : undefined)
  })
})
