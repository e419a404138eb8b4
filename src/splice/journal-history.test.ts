import { describe, expect, it } from 'vitest'
import { machineAddress } from '../address/address.ts'
import { lastTransactionOf, stagedPlaces } from './journal-history.ts'
import type { BeginRecord, JournalEntry, JournalRecord } from './journal.ts'
import { simPlan, simWrite } from './testing/arbitrary-plan.ts'
import { simText } from './testing/sim-hypervisor.ts'

function begin(transaction: string, fix: string, stageAt = 0x700): BeginRecord {
  const plan = simPlan([
    simWrite('stage', 1, stageAt, Uint8Array.of(1, 2, 3)),
    simWrite('switch', 0, 0x10, Uint8Array.of(4)),
    simWrite('switch', 1, 0x20, Uint8Array.of(5)),
  ])
  const machineStart = machineAddress(0x5fa0_0000n)
  return {
    kind: 'begin',
    transaction,
    goal: 'applied',
    machineStart,
    engine: 'sim',
    plan: { ...plan, fix },
  }
}

function end(transaction: string): JournalRecord {
  return { kind: 'end', transaction, result: { kind: 'completed' } }
}

function entries(...records: readonly (readonly [string, JournalRecord])[]): JournalEntry[] {
  return records.map(([bootId, record], index) => ({
    sequence: index + 1,
    bootId,
    time: `2026-01-02T03:04:0${index}.000Z`,
    record,
  }))
}

describe('lastTransactionOf()', () => {
  it('finds the last of the fix, with its records and no others', () => {
    const passage = { kind: 'passage', transaction: 't3', result: { kind: 'left' } } as const
    const journal = entries(
      ['now', begin('t1', 'xsa-1')],
      ['now', end('t1')],
      ['now', begin('t3', 'xsa-1')],
      ['now', passage],
      ['now', { kind: 'resumed', tornFrom: 0, tornBytes: 1 }],
      ['now', begin('t4', 'xsa-2')],
      ['now', end('t4')],
    )
    expect(lastTransactionOf(journal, 'xsa-1', 'now')).toEqual({
      begin: begin('t3', 'xsa-1'),
      beganAt: '2026-01-02T03:04:02.000Z',
      records: [begin('t3', 'xsa-1'), passage],
      passage: { kind: 'left' },
      end: undefined,
    })
    expect(lastTransactionOf(journal, 'xsa-2', 'now')?.end).toEqual({ kind: 'completed' })
  })

  it('forgets what an earlier boot did', () => {
    const journal = entries(['then', begin('t1', 'xsa-1')], ['then', end('t1')])
    expect(lastTransactionOf(journal, 'xsa-1', 'now')).toBeUndefined()
  })

  it('knows nothing of a fix that was never tried', () => {
    expect(lastTransactionOf(entries(['now', begin('t1', 'xsa-1')]), 'xsa-9', 'now')).toBe(
      undefined,
    )
  })
})

describe('stagedPlaces()', () => {
  it('gives where a plan stages each change', () => {
    const journal = entries(['now', begin('t2', 'xsa-1', 0x740)])
    const plan = lastTransactionOf(journal, 'xsa-1', 'now')?.begin.plan
    expect(stagedPlaces(plan)).toEqual(new Map([[1, simText(0x740)]]))
  })

  it('is empty where there was no plan', () => {
    expect(stagedPlaces(undefined).size).toBe(0)
  })
})
