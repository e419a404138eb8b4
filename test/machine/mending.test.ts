/**
 * What must hold on a real Xen machine: engines, the whole way of a fix, crashes, and bad input.
 * One machine for all of it, since a boot takes longer than most of the tests.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Guest, startGuest } from '../../lab/guest.ts'
import { testBadInput } from './mending/bad-input.ts'
import { testCrashes } from './mending/crashes.ts'
import { testEngines } from './mending/engines.ts'
import { testTwoAtOnce } from './mending/two-at-once.ts'
import { testXsa108, XSA_108_TASK } from './mending/xsa-108.ts'
import { testXsa506, testXsa506Through } from './mending/xsa-506.ts'
import { type HostFactsJson, reweave } from './testing/reweave-answer.ts'
import { SturdyGuest } from './testing/sturdy-guest.ts'
import { type XenSnapshot, XenUnderTest } from './testing/xen-under-test.ts'

let xen: XenUnderTest
let untouched: XenSnapshot
let medium: string
let pv: Guest
let pvh: SturdyGuest

beforeAll(async () => {
  xen = await XenUnderTest.boot({})
  await xen.fillMedium()
  medium = xen.mediumDigest()
  pv = await startGuest(xen.machine, { name: 'pv', type: 'pv' })
  pvh = await SturdyGuest.start(xen, { name: 'pvh', type: 'pvh', extra: XSA_108_TASK })
  untouched = xen.see()
})

afterAll(async () => {
  await xen?.machine.stop()
})

// A test that failed half-way must not fail those behind it.
afterEach(async () => {
  for (const fix of ['xsa-108', 'xsa-108-open', 'xsa-506']) {
    if (xen.differences(untouched, xen.see()).length === 0) return
    await reweave(xen.machine, ['revert', fix])
  }
})

/** Every test ends with a hypervisor, and a medium, that hold what they held at the start. */
function expectAsAtStart(): void {
  expect(xen.differences(untouched, xen.see())).toEqual([])
  expect(xen.mediumDigest()).toBe(medium)
}

describe('inspect', () => {
  it('says what the host is: build, image, guests, engines, channels', async () => {
    const { exit, json } = await pvh.whileItRuns(() => reweave(xen.machine, ['inspect']))
    expect(exit).toBe(0)
    const facts = json as HostFactsJson
    expect(facts.buildId).toBe(xen.image.buildId)
    expect(facts.image.byteLength).toBe(xen.image.byteLength)
    expect(facts.cpus).toBe(2)
    expect(facts.iommu.kind).toBe('disabled')
    expect(facts.domains.map(({ type }) => type)).toEqual(['pv', 'pv', 'pvh'])
    expect(facts.engines).toMatchObject([
      { kind: 'nvme', driver: 'nvme', usable: true },
      { kind: 'edu', usable: true },
    ])
    expect(facts.channels).toMatchObject([
      { channel: 'dma', works: true, why: expect.stringMatching(/^through nvme 0000:/) as string },
      { channel: 'livepatch', works: true },
    ])
    expectAsAtStart()
  })

  it('finds the image where it says: the build-id is read there from outside', () => {
    const byteLength = xen.image.buildId.length / 2
    const bytes = xen.bytesAt({ start: xen.image.buildIdAt, byteLength })
    expect(Buffer.from(bytes).toString('hex')).toBe(xen.image.buildId)
  })
})

describe('with a PV and a PVH guest running', () => {
  testXsa506(() => xen, expectAsAtStart)
  testXsa108(
    () => xen,
    () => pvh,
    expectAsAtStart,
  )

  it('leaves both guests beating', async () => {
    const beats = async ({ log }: Guest | SturdyGuest): Promise<number> =>
      Number(await xen.machine.run(`grep -ac 'beat ' ${log}`))
    const within2s = await pvh.whileItRuns(async () => {
      const before = { pv: await beats(pv), pvh: await beats(pvh) }
      await xen.machine.run('sleep 2')
      return { pv: (await beats(pv)) - before.pv, pvh: (await beats(pvh)) - before.pvh }
    })
    expect(within2s.pv).toBeGreaterThan(0)
    expect(within2s.pvh).toBeGreaterThan(0)
  })
})

describe('without guests', () => {
  // An emulated guest takes half of the machine's time, and what follows does not ask for one.
  beforeAll(async () => {
    for (const guest of [pv, pvh]) await guest.destroy()
  })

  testEngines(() => xen, expectAsAtStart)
  testXsa506Through(['nvme-sectors', 'edu'], () => xen, expectAsAtStart)
  testCrashes(() => xen, expectAsAtStart)
  testTwoAtOnce(() => xen, expectAsAtStart)
  testBadInput(() => xen, expectAsAtStart)
})
