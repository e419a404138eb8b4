import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { advance } from '../address/address.ts'
import { parseBuildId } from '../image/build-id.ts'
import { toMachine } from '../image/image-location.ts'
import type { PhysicalMemory } from '../memory/physical-memory.ts'
import { rangeOf } from './plan-shape.ts'
import type { SplicePlan } from './plan.ts'
import { describePrecheckRefusal, precheck, type PrecheckInput } from './precheck.ts'
import { arbitraryPlan, simPlan, simWrite } from './testing/arbitrary-plan.ts'
import { simHypervisorRam, simImage, simLocation, simTextBytes } from './testing/sim-hypervisor.ts'
import { type MemoryEvent, SimMemory } from './testing/sim-memory.ts'

const plan = simPlan([
  simWrite('stage', 0, 0x700, new Uint8Array(21).fill(0x90)),
  simWrite('relay', 0, 0x301, Uint8Array.of(0xe9, 1, 2, 3, 4)),
  simWrite('switch', 0, 0x320, Uint8Array.of(0xeb, 0xdf)),
])

const otherBuild = parseBuildId('00'.repeat(20)) ?? simImage.buildId

function machine() {
  const events: MemoryEvent[] = []
  const ram = simHypervisorRam()
  const memory = new SimMemory(ram, (event) => events.push(event))
  const put = (index: number, bytes: Uint8Array, from: SplicePlan = plan) => {
    const write = from.writes[index]
    if (write === undefined) throw new RangeError(`No write ${index}`)
    ram.write(toMachine(simLocation, rangeOf(write)).start, bytes)
  }
  const putAll = () => {
    for (const [index, write] of plan.writes.entries()) put(index, write.after)
  }
  const check = (input: Partial<PrecheckInput> = {}) =>
    precheck(memory, { plan, goal: 'applied', location: simLocation, image: simImage, ...input })
  return { ram, memory, events, put, putAll, check }
}

describe('precheck()', () => {
  it('is ready to apply over the old bytes, with what it found', async () => {
    const outcome = await machine().check()
    expect(outcome).toMatchObject({
      kind: 'ready',
      state: { kind: 'not-applied', staged: false },
      found: plan.writes.map((write) => write.before),
    })
  })

  it('writes nothing', async () => {
    const { events, check, ram } = machine()
    await check()
    expect(events.every((event) => event.kind === 'read')).toBe(true)
    expect(ram.bytes).toEqual(simHypervisorRam().bytes)
  })

  it('grants exactly the bytes of the plan, and one byte more nowhere', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryPlan, async (random) => {
        const outcome = await machine().check({ plan: random })
        if (outcome.kind !== 'ready') throw new Error(outcome.kind)
        for (const write of random.writes) {
          const { start, byteLength } = toMachine(simLocation, rangeOf(write))
          expect(outcome.grant.allows({ start, byteLength })).toBe(true)
          expect(outcome.grant.allows({ start, byteLength: byteLength + 1 })).toBe(false)
          const below = { start: advance(start, -1), byteLength: byteLength + 1 }
          expect(outcome.grant.allows(below)).toBe(false)
        }
      }),
      { seed: 0x94a7, numRuns: 40 },
    )
  })

  it('finds nothing to do where the goal is reached', async () => {
    const { putAll, check } = machine()
    expect(await check({ goal: 'not-applied' })).toEqual({ kind: 'not-applied' })
    putAll()
    expect(await check({ goal: 'applied' })).toEqual({ kind: 'already-applied' })
    expect(await check({ goal: 'not-applied' })).toMatchObject({ kind: 'ready' })
  })

  it.each(['applied', 'not-applied'] as const)(
    'is ready to finish towards %s over torn staged code',
    async (goal) => {
      const { put, check } = machine()
      put(0, new Uint8Array(9).fill(0x90))
      const state = { kind: 'not-applied', staged: true }
      expect(await check({ goal })).toMatchObject({ kind: 'ready', state })
    },
  )

  it.each(['applied', 'not-applied'] as const)(
    'is ready to finish towards %s over a torn switch of known bytes',
    async (goal) => {
      const { put, check } = machine()
      put(2, Uint8Array.of(0xeb))
      expect(await check({ goal })).toMatchObject({
        kind: 'ready',
        state: { kind: 'inconsistent' },
      })
    },
  )

  it('refuses bytes that are neither, and names all such places', async () => {
    const { put, check } = machine()
    put(1, Uint8Array.of(0xcc))
    put(2, Uint8Array.of(0xcc, 0xcc))
    const outcome = await check({ goal: 'not-applied' })
    if (outcome.kind !== 'refused' || outcome.reason.kind !== 'foreign-bytes') {
      throw new Error(outcome.kind)
    }
    expect(outcome.reason.writes.map(({ write }) => write.place)).toEqual([
      'sim_text+0x301',
      'sim_text+0x320',
    ])
    const before = Buffer.from(simTextBytes(0x320, 2)).toString('hex')
    expect(describePrecheckRefusal(outcome.reason)).toContain(
      `found cccc, wanted ${before} or ebdf`,
    )
  })

  it('refuses another build in memory, and reads no site of it', async () => {
    const { ram, events, check } = machine()
    const note = toMachine(simLocation, { start: simImage.buildIdAt, byteLength: 20 })
    ram.write(note.start, new Uint8Array(20))
    const reason = { kind: 'build-id-differs', found: otherBuild, wanted: simImage.buildId }
    expect(await check()).toEqual({ kind: 'refused', reason })
    expect(events).toHaveLength(1)
  })

  it('refuses a plan for another build than the symbols are of, before it reads', async () => {
    const { events, check } = machine()
    const reason = {
      kind: 'plan-for-another-build',
      found: otherBuild,
      wanted: simImage.buildId,
    }
    expect(await check({ plan: { ...plan, buildId: otherBuild } })).toEqual({
      kind: 'refused',
      reason,
    })
    expect(events).toEqual([])
  })

  it('refuses an image of another size than Xen reports, before it reads', async () => {
    const { events, check } = machine()
    const { start } = simLocation.machine
    const location = { ...simLocation, machine: { start, byteLength: 0xc01 } }
    expect(await check({ location })).toMatchObject({
      kind: 'refused',
      reason: { kind: 'image-size-differs', found: 0xc01, wanted: 0xc00 },
    })
    expect(events).toEqual([])
  })

  it('refuses a plan that is none, before it reads', async () => {
    const { events, check } = machine()
    const crossing = simPlan([simWrite('switch', 0, 0x327, Uint8Array.of(0xeb, 0xdf))])
    expect(await check({ plan: crossing })).toEqual({
      kind: 'refused',
      reason: {
        kind: 'malformed-plan',
        fault: { kind: 'switch-crosses-unit', place: 'sim_text+0x327' },
      },
    })
    expect(events).toEqual([])
  })

  it.each([
    [1, 'the build-id note'],
    [2, 'sim_text+0x700'],
  ])('says what could not be read when read %d fails', async (failing, what) => {
    const { memory } = machine()
    let calls = 0
    const outcome = { kind: 'device-error', status: '0x2' } as const
    const broken: PhysicalMemory = {
      write: async () => outcome,
      read: async (extents) => {
        calls += 1
        return calls === failing ? extents.map(() => outcome) : memory.read(extents)
      },
    }
    const input = { plan, goal: 'applied', location: simLocation, image: simImage } as const
    expect(await precheck(broken, input)).toEqual({
      kind: 'refused',
      reason: { kind: 'read-failed', what, outcome },
    })
  })
})
