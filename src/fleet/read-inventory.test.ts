import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { HostFacts } from '../advisory/host-facts.ts'
import { isFeatureName } from '../advisory/feature-names.ts'
import { readHostFacts } from './read-host-facts.ts'
import { readInventory } from './read-inventory.ts'

const FACTS = {
  seenAt: '2026-11-21T12:00:00.000Z',
  seenBy: 'reweave inspect',
  architecture: 'x86_64',
  buildId: '39a640e6f1412319235087391df9f1c5e13ae920',
  guestTypes: { pv: 1, pvh: 2, hvm: 0 },
  features: { present: ['oxenstored'], absent: ['cxenstored'] },
}

function inventory(...hosts: readonly unknown[]): unknown {
  return { formatVersion: 1, collectedAt: FACTS.seenAt, hosts }
}

describe('readInventory()', () => {
  it('reads hosts with their facts', () => {
    const read = readInventory(inventory({ id: 'a', name: 'host-a', pool: 'p', facts: FACTS }))
    expect(read).toEqual({
      kind: 'hosts',
      hosts: [{ id: 'a', name: 'host-a', pool: 'p', zone: undefined, facts: FACTS }],
      problems: [],
    })
  })

  it('takes the facts out of what reweave inspect --json prints', () => {
    const read = readInventory({ xenVersion: '4.17.6-pre', domains: [], facts: FACTS })
    expect(read).toEqual({ kind: 'facts', facts: FACTS, problems: [] })
  })

  it('leaves out a host that is wrong as a whole, and takes the others', () => {
    const read = readInventory(
      inventory(7, { id: 'a', facts: FACTS }, { id: 'b', name: 'host-b', facts: FACTS }),
    )
    expect(read.kind === 'hosts' && read.hosts.map(({ id }) => id)).toEqual(['b'])
    expect(read.problems.map(({ at }) => at)).toEqual(['hosts[0]', 'hosts[1]'])
  })

  it('counts the later look of two hosts with one id, and says so', () => {
    const earlier = { ...FACTS, seenAt: '2026-11-20T12:00:00.000Z' }
    const a = { id: 'a', name: 'host-a' }
    const read = readInventory(inventory({ ...a, facts: FACTS }, { ...a, facts: earlier }))
    expect(read.kind === 'hosts' && read.hosts.map(({ facts }) => facts.seenAt)).toEqual([
      FACTS.seenAt,
    ])
    expect(read.problems).toHaveLength(1)
  })

  it.each([[null], [[]], ['text'], [{}], [{ formatVersion: 2, hosts: [] }]])(
    'refuses %j, which is no inventory',
    (json) => {
      expect(readInventory(json).kind).toBe('refused')
    },
  )

  it('never throws, whatever the JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        expect(() => readInventory(json)).not.toThrow()
        expect(() => readInventory(inventory(json))).not.toThrow()
        expect(() => readHostFacts(json)).not.toThrow()
      }),
      { seed: 4_170_572 },
    )
  })
})

describe('readHostFacts()', () => {
  it.each([
    ['buildId', 'not hexadecimal'],
    ['architecture', 'i386'],
    ['guestTypes', { pv: -1 }],
    ['guestTypes', { xen: 1 }],
    ['features', { present: ['a'], absent: ['a'] }],
    ['pciPassthrough', 'no'],
    ['memoryFixes', [{ name: 'xsa-506' }]],
    ['config', { options: { HVM: 'y' }, whole: true }],
    ['migration', { possible: true }],
  ])('does not know %s when it is %j', (fact, value) => {
    const { facts, problems } = readHostFacts({ ...FACTS, [fact]: value })
    expect(facts?.[fact as keyof HostFacts]).toBeUndefined()
    expect(problems.map(({ at }) => at)).toEqual([`facts.${fact}`])
  })

  it('names a fact that it does not know', () => {
    expect(readHostFacts({ ...FACTS, colour: 'red' }).problems.map(({ at }) => at)).toEqual([
      'facts.colour',
    ])
  })

  it('trusts nothing without a date, or with one before 2000', () => {
    const { seenAt: _, ...undated } = FACTS
    expect(readHostFacts(undated).facts).toBeUndefined()
    expect(readHostFacts({ ...FACTS, seenAt: '1999-12-31T00:00:00Z' }).facts).toBeUndefined()
  })

  it('takes the rest of features for those that have a meaning, and no open question', () => {
    const { facts } = readHostFacts({
      ...FACTS,
      features: { present: ['oxenstored'], absent: 'rest' },
    })
    const absent = facts?.features?.absent
    expect(absent).not.toBe('rest')
    expect(absent).toContain('pygrub')
    expect(absent).not.toContain('oxenstored')
    expect(Array.isArray(absent) && absent.every(isFeatureName)).toBe(true)
  })
})
