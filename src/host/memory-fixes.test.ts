import { describe, expect, it } from 'vitest'
import { machineAddress } from '../address/address.ts'
import type { EndRecord, JournalEntry, JournalRecord } from '../splice/journal.ts'
import type { SpliceGoal } from '../splice/precheck.ts'
import { twoDetoursAndAnEdit } from '../splice/testing/sample-plans.ts'
import { memoryFixesFrom } from './memory-fixes.ts'

const HOST = { bootId: 'this boot', labOnly: new Set<string>(), loadedLivepatches: 0 }
const PLAN = twoDetoursAndAnEdit

function journal(bootId: string, ...records: readonly JournalRecord[]): readonly JournalEntry[] {
  return records.map((record, index) => ({
    sequence: index + 1,
    bootId,
    time: '2026-11-21T12:00:00.000Z',
    record,
  }))
}

function begin(transaction: string, goal: SpliceGoal): JournalRecord {
  const machineStart = machineAddress(0x1000n)
  return { kind: 'begin', transaction, goal, machineStart, engine: 'edu', plan: PLAN }
}

function end(transaction: string): EndRecord {
  return { kind: 'end', transaction, result: { kind: 'completed' } }
}

const applied = { name: PLAN.fix, advisory: PLAN.advisory, channel: 'dma', state: 'applied' }

describe('memoryFixesFrom()', () => {
  it('knows a fix whose last transaction ended well, by what that was to reach', () => {
    const put = [begin('1', 'applied'), end('1')]
    expect(memoryFixesFrom(journal('this boot', ...put), HOST)).toEqual([applied])
    const taken = [...put, begin('2', 'not-applied'), end('2')]
    expect(memoryFixesFrom(journal('this boot', ...taken), HOST)).toEqual([
      { ...applied, state: 'not-applied' },
    ])
  })

  it('does not know how a transaction without an end left memory', () => {
    expect(memoryFixesFrom(journal('this boot', begin('1', 'applied')), HOST)).toEqual([
      { ...applied, state: 'unknown' },
    ])
  })

  it('finds nothing of an earlier boot in memory', () => {
    const entries = journal('an earlier boot', begin('1', 'applied'), end('1'))
    expect(memoryFixesFrom(entries, HOST)).toEqual([])
  })

  it('does not take a fix for the lab, which may open a hole, for a closed one', () => {
    const entries = journal('this boot', begin('1', 'applied'), end('1'))
    const host = { ...HOST, labOnly: new Set([PLAN.fix]) }
    expect(memoryFixesFrom(entries, host)).toEqual([{ ...applied, state: 'unknown' }])
  })

  it('claims nothing while livepatches are loaded', () => {
    expect(memoryFixesFrom([], { ...HOST, loadedLivepatches: 1 })).toBeUndefined()
    expect(memoryFixesFrom([], { ...HOST, loadedLivepatches: undefined })).toEqual([])
  })
})
