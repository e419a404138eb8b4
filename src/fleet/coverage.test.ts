import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { HostFacts } from '../advisory/host-facts.ts'
import { type BuildId, parseBuildId } from '../image/build-id.ts'
import { coverageOf, shareOf } from './coverage.ts'
import type { HostEntry } from './inventory.ts'
import { describeReason, type WayName } from './way.ts'
import { ASSUMED_OUTAGE, type FixForBuild, waysOfHost, type WaysContext } from './ways-of-host.ts'

const BUILD = buildId('39a640e6')
const OTHER = buildId('77777777')

function buildId(start: string): BuildId {
  const id = parseBuildId(start.padEnd(40, '0'))
  if (id === undefined) throw new Error(`${start} begins no build-id`)
  return id
}

const dmaFix: FixForBuild = {
  name: 'xsa-506',
  advisory: 'XSA-506',
  buildId: BUILD,
  channel: 'dma',
  refused: undefined,
}

const context: WaysContext = {
  advisory: {
    component: 'hypervisor',
    fixedIn: [{ branch: '4.17', commits: ['abc'], since: '4.17.6', buildIds: [], packages: [] }],
  },
  fixes: [dmaFix],
  poolSizes: new Map([['p1', 2]]),
  outage: ASSUMED_OUTAGE,
}

function host(facts: Partial<HostFacts>, pool: string | undefined = 'p1'): HostEntry {
  return {
    id: 'h1',
    name: 'h1',
    pool,
    zone: undefined,
    facts: {
      seenAt: '2026-11-21T12:00:00.000Z',
      seenBy: 'a test',
      buildId: BUILD,
      guestTypes: { pv: 1, pv32: 1, pvh: 0, hvm: 2 },
      config: { options: {}, whole: true },
      channels: [
        { channel: 'dma', works: true, why: 'through nvme' },
        { channel: 'livepatch', works: false, why: 'Xen does not take livepatches' },
      ],
      iommuMode: 'disabled',
      engines: [{ kind: 'nvme', address: '0000:00:04.0', usable: true, why: undefined }],
      migration: { possible: true, why: 'shared storage' },
      pinnedGuests: [],
      ...facts,
    },
  }
}

function reasons(way: WayName, entry: HostEntry, over: Partial<WaysContext> = {}): string[] {
  const found = waysOfHost(entry, { ...context, ...over }).find((one) => one.way === way)
  return found?.reasons.map(describeReason) ?? ['no such way']
}

describe('waysOfHost()', () => {
  it('opens DMA where there is a fix for the build and the channel works', () => {
    expect(reasons('dma', host({}))).toEqual([])
  })

  it.each([
    ['another build', { buildId: OTHER }, 'no fix for the build 77777777'],
    ['an unknown build', { buildId: undefined }, 'not known: buildId'],
    [
      'an IOMMU',
      { iommuMode: 'relaxed', channels: [{ channel: 'dma', works: false, why: 'no' }] },
      "the IOMMU confines Dom0's devices (mode relaxed)",
    ],
    [
      'no engine',
      { engines: [], channels: [{ channel: 'dma', works: false, why: 'no' }] },
      'no DMA engine is free: there is none',
    ],
    ['channels that nobody looked at', { channels: undefined }, 'not known: channels'],
  ] as const)('shuts DMA by %s', (_, facts, reason) => {
    expect(reasons('dma', host(facts))).toEqual([reason])
  })

  it('says that Xen was built without livepatching, if that is why', () => {
    expect(reasons('livepatch', host({}))).toEqual([
      'no fix for the build 39a640e6',
      'Xen was built without CONFIG_LIVEPATCH',
    ])
    const config = { options: { CONFIG_LIVEPATCH: 'y' }, whole: true }
    expect(reasons('livepatch', host({ config }))).toContain('Xen does not take livepatches')
  })

  it('passes on why a payload is refused for a build, unless another one fits', () => {
    const refused = { ...dmaFix, refused: 'a site cuts an instruction' }
    expect(reasons('dma', host({}), { fixes: [refused] })).toEqual([
      'xsa-506 is refused for 39a640e6: a site cuts an instruction',
    ])
    expect(reasons('dma', host({}), { fixes: [refused, dmaFix] })).toEqual([])
  })

  it('keeps the hot ways for holes of the hypervisor', () => {
    const advisory = { ...context.advisory, component: 'device-model' } as const
    expect(reasons('dma', host({}), { advisory })).toEqual([
      'the hole is in the device model, not in the hypervisor',
    ])
  })

  it('names each guest that keeps the others from being moved away', () => {
    const pinnedGuests = [{ guest: 'db1', why: 'a local disk' }]
    expect(reasons('migrate-and-reboot', host({ pinnedGuests }))).toEqual([
      'the guest db1 is pinned: a local disk',
    ])
    expect(reasons('cold-reboot', host({ pinnedGuests }))).toEqual([])
  })

  it('moves no guests without another host in the pool', () => {
    expect(reasons('migrate-and-reboot', host({}, 'p2'))).toEqual(['the pool p2 has no other host'])
  })

  it('asks nothing about the guests of a host that has none, but where they went', () => {
    const empty = host({
      guestTypes: { pv: 0, pv32: 0, pvh: 0, hvm: 0 },
      migration: undefined,
      pinnedGuests: undefined,
    })
    expect(reasons('migrate-and-reboot', empty)).toEqual([])
  })

  it('reboots into nothing where no version has the fix', () => {
    const never = { branch: 'master', commits: [], since: 'never', buildIds: [], packages: [] }
    const advisory = { ...context.advisory, fixedIn: [never] }
    expect(reasons('cold-reboot', host({}), { advisory })).toEqual([
      'no version with the fix is known',
    ])
  })
})

describe('coverageOf()', () => {
  it('sets the hot fix beside the cold one, with what each costs the guests', () => {
    const pinned = host({ pinnedGuests: [{ guest: 'db1', why: 'a local disk' }] })
    const coverage = coverageOf([host({}), pinned, host({ buildId: OTHER })], context)
    expect(coverage).toMatchObject({
      exposed: 3,
      hot: { hosts: 2, share: '66.66', guestMinutes: 0, unpriced: 0 },
      cold: { hosts: 3, share: '100.00', unpriced: 0 },
    })
    // Three guests on each: two hosts are emptied first, the third takes its guests down with it.
    expect(coverage.cold.guestMinutes).toBeCloseTo(2 * 3 * (1 / 60) + 3 * 20, 6)
  })

  it('names first the one change that covers most', () => {
    const others = Array.from({ length: 212 }, () => host({ buildId: OTHER }))
    const confined = host({
      iommuMode: 'strict',
      channels: [{ channel: 'dma', works: false, why: 'IOMMU' }],
    })
    const { improvements } = coverageOf([...others, confined, host({})], context)
    expect(improvements.map(({ sentence }) => sentence)).toEqual([
      'adding one build for 77777777 covers 212 more hosts',
      'a way past the IOMMU in strict mode covers 1 more host',
    ])
  })

  it('proposes nothing for a host that one change would not cover', () => {
    const twice = host({
      buildId: OTHER,
      engines: [],
      channels: [{ channel: 'dma', works: false, why: 'no engine' }],
    })
    expect(coverageOf([twice], context).improvements).toEqual([])
  })

  it('says "may" of what facts are missing for', () => {
    const { improvements } = coverageOf([host({ channels: undefined })], context)
    expect(improvements.map(({ sentence }) => sentence)).toEqual([
      'learning channels may cover 1 more host',
    ])
  })

  it('counts the hosts whose guests are not known apart', () => {
    const coverage = coverageOf([host({ guestTypes: undefined })], context)
    expect(coverage.hot).toMatchObject({ hosts: 1, guestMinutes: 0, unpriced: 1 })
  })

  it('has what it proposes come true', () => {
    const builds = fc.constantFrom(BUILD, OTHER, buildId('55555555'), undefined)
    const hosts = fc.array(
      fc.record({ build: builds, works: fc.boolean() }).map(({ build, works }) =>
        host({
          buildId: build,
          channels: [{ channel: 'dma', works, why: 'as drawn' }],
        }),
      ),
      { minLength: 1, maxLength: 20 },
    )
    fc.assert(
      fc.property(hosts, (exposed) => {
        const before = coverageOf(exposed, context)
        const added = { ...context, fixes: [dmaFix, { ...dmaFix, buildId: OTHER }] }
        const gained = coverageOf(exposed, added).hot.hosts - before.hot.hosts
        const promised = before.improvements.find(({ sentence }) => sentence.includes('77777777'))
        expect(promised?.hosts ?? 0).toBe(gained)
      }),
      { seed: 4_2031, numRuns: 300 },
    )
  })
})

describe('shareOf()', () => {
  it('is 100.00 for the whole alone', () => {
    expect(shareOf(99_999, 100_000)).toBe('99.99')
    expect(shareOf(9997, 10_000)).toBe('99.97')
    expect(shareOf(100_000, 100_000)).toBe('100.00')
    expect(shareOf(0, 0)).toBe('100.00')
  })

  it('never says more than is so, and less by under a hundredth', () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.nat(100_000), (a, b) => {
        const [part, whole] = [Math.min(a, b), Math.max(a, b, 1)]
        const exact = (100 * part) / whole
        const share = Number(shareOf(part, whole))
        expect(share).toBeLessThanOrEqual(exact + 1e-9)
        expect(exact - share).toBeLessThan(0.01 + 1e-9)
      }),
      { seed: 4_2032 },
    )
  })
})
