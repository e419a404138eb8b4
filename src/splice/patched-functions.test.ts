import { describe, expect, it } from 'vitest'
import { machineAddress, virtualAddress } from '../address/address.ts'
import type { BuildId } from '../image/build-id.ts'
import type { JournalEntry, JournalRecord } from './journal.ts'
import { livepatchedFunctions, siteInFunctions, splicedSites } from './patched-functions.ts'
import { simPlan, simWrite } from './testing/arbitrary-plan.ts'

const PAYLOAD = 'aa'.repeat(20) as BuildId
const XEN = 'bb'.repeat(20) as BuildId

function entries(...records: readonly (readonly [string, JournalRecord])[]): JournalEntry[] {
  return records.map(([bootId, record], index) => ({
    sequence: index + 1,
    bootId,
    time: '2026-01-02T03:04:05.000Z',
    record,
  }))
}

function livepatchApply(name: string, address: bigint): JournalRecord {
  return {
    kind: 'livepatch-apply',
    transaction: 't1',
    action: 'apply',
    hotfix: 'xsa-1',
    name,
    buildId: PAYLOAD,
    dependsOn: XEN,
    functions: [{ name: 'do_dm_op', address: virtualAddress(address), byteLength: 0x40 }],
  }
}

function begin(fix: string, goal: 'applied' | 'not-applied'): JournalRecord {
  const plan = simPlan([
    simWrite('stage', 0, 0x700, Uint8Array.of(1, 2, 3)),
    simWrite('switch', 0, 0x10, Uint8Array.of(4)),
  ])
  const machineStart = machineAddress(0x5fa0_0000n)
  const transaction = `${fix}-${goal}`
  return {
    kind: 'begin',
    transaction,
    goal,
    machineStart,
    engine: 'sim',
    plan: { ...plan, fix },
  }
}

function end(fix: string, goal: 'applied' | 'not-applied'): JournalRecord {
  return { kind: 'end', transaction: `${fix}-${goal}`, result: { kind: 'completed' } }
}

describe('livepatchedFunctions()', () => {
  const journal = entries(
    ['before', livepatchApply('reweave-xsa-1-aaaaaaaa', 0x100n)],
    ['now', livepatchApply('reweave-xsa-1-aaaaaaaa', 0x200n)],
    ['before', livepatchApply('reweave-xsa-9-aaaaaaaa', 0x300n)],
  )

  it('tells the functions of what Xen lists as applied, by the record of this boot', () => {
    const listed = [{ name: 'reweave-xsa-1-aaaaaaaa', state: 'applied' }] as const
    expect(livepatchedFunctions(journal, 'now', listed)).toEqual({
      functions: [
        {
          name: 'do_dm_op',
          address: virtualAddress(0x200n),
          byteLength: 0x40,
          hotfix: 'xsa-1',
          livepatch: 'reweave-xsa-1-aaaaaaaa',
        },
      ],
      unrecorded: [],
    })
  })

  it('tells nothing of what is loaded and not in use', () => {
    const listed = [{ name: 'reweave-xsa-1-aaaaaaaa', state: 'checked' }] as const
    expect(livepatchedFunctions(journal, 'now', listed).functions).toEqual([])
  })

  it('names those that are applied without a record of this boot', () => {
    const listed = [
      { name: 'lp_4.17', state: 'applied' },
      { name: 'reweave-xsa-9-aaaaaaaa', state: undefined },
    ] as const
    expect(livepatchedFunctions(journal, 'now', listed)).toEqual({
      functions: [],
      unrecorded: ['lp_4.17', 'reweave-xsa-9-aaaaaaaa'],
    })
  })
})

describe('splicedSites()', () => {
  it('tells the switches of a fix that was applied, and not its staged code', () => {
    const journal = entries(['now', begin('xsa-2', 'applied')], ['now', end('xsa-2', 'applied')])
    expect(splicedSites(journal, 'now')).toMatchObject([{ fix: 'xsa-2', certain: true }])
  })

  it('counts the sites of a transaction without end as not certain', () => {
    const journal = entries(
      ['now', begin('xsa-2', 'applied')],
      ['now', end('xsa-2', 'applied')],
      ['now', begin('xsa-2', 'not-applied')],
    )
    expect(splicedSites(journal, 'now')).toMatchObject([{ fix: 'xsa-2', certain: false }])
  })

  it('forgets a fix that was reverted, and earlier boots', () => {
    const journal = entries(
      ['before', begin('xsa-3', 'applied')],
      ['before', end('xsa-3', 'applied')],
      ['now', begin('xsa-2', 'applied')],
      ['now', end('xsa-2', 'applied')],
      ['now', begin('xsa-2', 'not-applied')],
      ['now', end('xsa-2', 'not-applied')],
    )
    expect(splicedSites(journal, 'now')).toEqual([])
  })
})

describe('siteInFunctions()', () => {
  it('finds the splice that lies in a function, and no other', () => {
    const journal = entries(['now', begin('xsa-2', 'applied')])
    const sites = splicedSites(journal, 'now')
    const start = sites[0]?.start ?? virtualAddress(0n)
    const inside = { name: 'f', address: virtualAddress(start - 8n), byteLength: 9 }
    const before = { name: 'g', address: virtualAddress(start - 8n), byteLength: 8 }
    expect(siteInFunctions(sites, [before, inside])?.replaced).toBe(inside)
    expect(siteInFunctions(sites, [before])).toBeUndefined()
  })
})
