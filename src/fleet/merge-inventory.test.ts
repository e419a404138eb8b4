import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { HostFacts, PartialSet } from '../advisory/host-facts.ts'
import { declareFacts } from './declare-facts.ts'
import type { HostEntry } from './inventory.ts'
import { EMPTY_INVENTORY, mergeInventory } from './merge-inventory.ts'

function seen(day: number, facts: Partial<HostFacts> = {}): HostFacts {
  return { seenAt: `2026-11-0${day}T12:00:00.000Z`, seenBy: 'reweave inspect', ...facts }
}

function host(id: string, facts: HostFacts, more: Partial<HostEntry> = {}): HostEntry {
  return { id, name: `host-${id}`, pool: undefined, zone: undefined, facts, ...more }
}

describe('mergeInventory()', () => {
  it('adds what is new and takes the later look at what is known', () => {
    const first = mergeInventory(EMPTY_INVENTORY, [host('a', seen(1)), host('b', seen(2))])
    const { inventory, merged } = mergeInventory(first.inventory, [
      host('a', seen(3, { toolstack: 'xl' })),
      host('b', seen(1)),
      host('c', seen(2)),
    ])
    expect(merged.map(({ kind, id }) => `${id} ${kind}`)).toEqual([
      'a updated',
      'b older',
      'c added',
    ])
    expect(inventory.hosts.map(({ facts }) => facts.seenAt)).toEqual(
      [3, 2, 2].map((day) => seen(day).seenAt),
    )
    expect(inventory.collectedAt).toBe(seen(3).seenAt)
  })

  it('keeps pool, zone and what was declared when a look brings none', () => {
    const declared = { toolstackVersion: '4.17.7+13' }
    const before = host('a', seen(1), { pool: 'p', zone: 'z', declared })
    const first = mergeInventory(EMPTY_INVENTORY, [before])
    const { inventory } = mergeInventory(first.inventory, [host('a', seen(2))])
    expect(inventory.hosts).toEqual([{ ...before, facts: { ...seen(2), ...declared } }])
  })

  it('comes to the same inventory in whichever order hosts of one moment come', () => {
    const hosts = ['a', 'b', 'c', 'd', 'e'].map((id) => host(id, seen(1)))
    fc.assert(
      fc.property(fc.shuffledSubarray(hosts, { minLength: hosts.length }), (shuffled) => {
        expect(mergeInventory(EMPTY_INVENTORY, shuffled).inventory).toEqual(
          mergeInventory(EMPTY_INVENTORY, hosts).inventory,
        )
      }),
      { seed: 477_523 },
    )
  })
})

describe('declareFacts()', () => {
  it('never changes what was seen', () => {
    const names = fc.constantFrom('a', 'b', 'c', 'd')
    const set: fc.Arbitrary<PartialSet> = fc
      .record({ present: fc.uniqueArray(names), absent: fc.uniqueArray(names), rest: fc.boolean() })
      .map(({ present, absent, rest }) => ({
        present,
        absent: rest ? 'rest' : absent.filter((name) => !present.includes(name)),
      }))
    fc.assert(
      fc.property(set, set, (features, declared) => {
        const facts = seen(1, { features, toolstack: 'xl' })
        const united = declareFacts(facts, { features: declared, toolstack: 'xapi' })
        expect(united.toolstack).toBe('xl')
        for (const name of ['a', 'b', 'c', 'd']) {
          const before = standing(features, name)
          const after = standing(united.features, name)
          expect(after).toBe(before === 'unknown' ? standing(declared, name) : before)
        }
      }),
      { seed: 105_123 },
    )
  })

  it('fills in a fact that a look left undefined', () => {
    const facts = seen(1, { toolstackVersion: undefined })
    expect(declareFacts(facts, { toolstackVersion: '4.17.7' }).toolstackVersion).toBe('4.17.7')
  })
})

function standing(set: PartialSet | undefined, name: string): 'present' | 'absent' | 'unknown' {
  if (set === undefined) return 'unknown'
  if (set.present.includes(name)) return 'present'
  return set.absent === 'rest' || set.absent.includes(name) ? 'absent' : 'unknown'
}
