import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { standingOf } from '../advisory/assess-host.ts'
import { verdictOf } from '../advisory/exposure.ts'
import type { HostFacts } from '../advisory/host-facts.ts'
import { advisories, catalogues, someFacts } from '../advisory/testing/arbitraries.ts'
import { FleetExposure } from './fleet-exposure.ts'
import type { HostEntry } from './inventory.ts'

const policy = { denialOfServiceCounts: true }

function entry(facts: HostFacts, index: number): HostEntry {
  return { id: `host-${index}`, name: `host ${index}`, pool: undefined, zone: undefined, facts }
}

const fleets = fc.record({
  hosts: fc
    .array(someFacts, { minLength: 1, maxLength: 12 })
    .map((facts) => facts.map((seen, index) => entry(seen, index))),
  advisories: fc
    .array(advisories, { minLength: 1, maxLength: 6 })
    .map((list) => list.map((advisory, index) => ({ ...advisory, xsa: index + 1 }))),
  catalogue: catalogues,
})

describe('FleetExposure', () => {
  it('stands as each host does alone', () => {
    fc.assert(
      fc.property(fleets, (fleet) => {
        const context = { catalogue: fleet.catalogue, policy }
        const exposure = FleetExposure.of(fleet.hosts, fleet.advisories, context)
        for (const { id, facts } of fleet.hosts) {
          for (const advisory of fleet.advisories) {
            const alone = standingOf(advisory, facts, fleet.catalogue)
            expect(exposure.standing(id, advisory.xsa)).toEqual(alone)
            expect(exposure.explain(id, advisory.xsa)?.verdict).toBe(verdictOf(alone))
          }
        }
      }),
      { seed: 4_2027, numRuns: 300 },
    )
  })

  it('does not depend on the order of hosts and advisories', () => {
    fc.assert(
      fc.property(fleets, (fleet) => {
        const context = { catalogue: fleet.catalogue, policy }
        const forth = FleetExposure.of(fleet.hosts, fleet.advisories, context)
        const back = FleetExposure.of(
          fleet.hosts.toReversed(),
          fleet.advisories.toReversed(),
          context,
        )
        for (const { xsa } of fleet.advisories) {
          expect(back.counts(xsa)).toEqual(forth.counts(xsa))
          for (const { id } of fleet.hosts) {
            expect(back.standing(id, xsa)).toEqual(forth.standing(id, xsa))
          }
        }
      }),
      { seed: 4_2028, numRuns: 300 },
    )
  })

  it('is after any changes of hosts what it would be from their last facts', () => {
    const changes = fc.array(fc.tuple(fc.nat(5), fc.option(someFacts)), { maxLength: 30 })
    fc.assert(
      fc.property(fleets, changes, (fleet, steps) => {
        const context = { catalogue: fleet.catalogue, policy }
        const kept = FleetExposure.of(fleet.hosts, fleet.advisories, context)
        const last = new Map(fleet.hosts.map((host) => [host.id, host]))
        for (const [index, facts] of steps) {
          const id = `host-${index}`
          if (facts === null) {
            kept.remove(id)
            last.delete(id)
          } else {
            kept.put(entry(facts, index))
            last.set(id, entry(facts, index))
          }
        }
        const fresh = FleetExposure.of(last.values(), fleet.advisories, context)
        expect(kept.hostCount).toBe(last.size)
        for (const { xsa } of fleet.advisories) expect(kept.counts(xsa)).toEqual(fresh.counts(xsa))
      }),
      { seed: 4_2029, numRuns: 200 },
    )
  })

  it('names the verdicts that changed with a host, and no others', () => {
    fc.assert(
      fc.property(fleets, someFacts, (fleet, facts) => {
        const context = { catalogue: fleet.catalogue, policy }
        const exposure = FleetExposure.of(fleet.hosts, fleet.advisories, context)
        const verdicts = (): readonly (string | undefined)[] =>
          fleet.advisories.map(({ xsa }) => exposure.explain('host-0', xsa)?.verdict)
        const before = verdicts()
        const changes = exposure.put(entry(facts, 0))
        const after = verdicts()
        const expected = fleet.advisories
          .map(({ xsa }, index) => ({ xsa, from: before[index], to: after[index] }))
          .filter(({ from, to }) => from !== to)
        expect(changes).toEqual(expected)
      }),
      { seed: 4_2030, numRuns: 300 },
    )
  })

  it('knows nothing of a host or an advisory that it was not given', () => {
    const exposure = new FleetExposure([], { catalogue: new Map(), policy })
    expect(exposure.standing('nobody', 1)).toBeUndefined()
    expect(exposure.explain('nobody', 1)).toBeUndefined()
    expect(exposure.counts(1)).toBeUndefined()
    expect([...exposure.alike(1)]).toEqual([])
  })
})
