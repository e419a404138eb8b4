import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { advance, machineAddress } from '../address/address.ts'
import type { EngineLimits } from './dma-engine.ts'
import { GuardedMemory } from './guarded-memory.ts'
import type { Extent } from './physical-memory.ts'
import { proveEngine } from './prove-engine.ts'
import { SimEngine, type SimEngineFaults } from './testing/sim-engine.ts'
import { SimRam } from './testing/sim-ram.ts'
import { issueWriteGrant } from './write-grant.ts'

const BASE = machineAddress(0x77_0000n)
const IMAGE = at(0x1_0000, 0x4000)
const TEXT = at(0x1_0000, 0x2000)
const BYTEWISE: EngineLimits = { maxTransferBytes: 2048, writeGranuleBytes: 1 }
const SECTORWISE: EngineLimits = { maxTransferBytes: 4096, writeGranuleBytes: 512 }

function at(offset: number, byteLength: number): Extent {
  return { start: advance(BASE, offset), byteLength }
}

/** A guard over a simulated engine whose faults begin only after the engine was proven. */
async function guarded(limits: EngineLimits = BYTEWISE, faults: SimEngineFaults = {}) {
  const ram = new SimRam(BASE, 0x4_0000)
  for (let index = 0; index < ram.bytes.length; index += 1) ram.bytes[index] = index * 7 + 3
  let live: SimEngineFaults = {}
  const engine = new SimEngine(ram, limits, {
    copyTo: (address, bytes) => live.copyTo?.(address, bytes) ?? 'do-it',
    copyFrom: (address, byteLength) => live.copyFrom?.(address, byteLength) ?? 'do-it',
  })
  const proof = await proveEngine(engine)
  if (proof.kind !== 'proven') throw new Error('The simulated engine is broken')
  live = faults
  engine.transfers.length = 0
  return { ram, engine, memory: new GuardedMemory(proof.engine, [IMAGE]) }
}

describe('GuardedMemory.read()', () => {
  it('splits an extent at the limit, and brings its bytes in order', async () => {
    const { ram, engine, memory } = await guarded()
    const extent = at(0x1_0003, 5000)
    const [outcome] = await memory.read([extent])
    expect(outcome).toEqual({ kind: 'complete', bytes: ram.read(extent.start, 5000) })
    expect(engine.transfers.map((transfer) => transfer.byteLength)).toEqual([2048, 2048, 904])
  })

  it('refuses an extent that leaves the readable range by one byte, and all behind it', async () => {
    const { engine, memory } = await guarded()
    const outside = at(0x1_3fff, 2)
    const outcomes = await memory.read([outside, at(0x1_0000, 8)])
    expect(outcomes).toEqual([
      { kind: 'not-issued', reason: { kind: 'outside-granted-ranges', extent: outside } },
      { kind: 'not-issued', reason: { kind: 'earlier-extent-failed' } },
    ])
    expect(engine.transfers).toEqual([])
  })

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER])(
    'refuses a length of %d',
    async (byteLength) => {
      const { engine, memory } = await guarded()
      const [outcome] = await memory.read([{ start: IMAGE.start, byteLength }])
      expect(outcome).toMatchObject({ reason: { kind: 'outside-granted-ranges' } })
      expect(engine.transfers).toEqual([])
    },
  )

  it('refuses an extent that reaches beyond the last address', async () => {
    const { memory } = await guarded()
    const start = machineAddress(0xffff_ffff_ffff_fff0n)
    const [outcome] = await memory.read([{ start, byteLength: 0x20 }])
    expect(outcome).toMatchObject({ reason: { kind: 'outside-granted-ranges' } })
  })

  it('moves nothing for an empty extent', async () => {
    const { engine, memory } = await guarded()
    expect(await memory.read([at(0x1_0000, 0)])).toEqual([
      { kind: 'complete', bytes: new Uint8Array(0) },
    ])
    expect(engine.transfers).toEqual([])
  })

  it('never lets the engine see a transfer over its limit or outside of the range', async () => {
    const { engine, memory } = await guarded()
    const extents = fc.array(
      fc.tuple(fc.integer({ min: 0xf000, max: 0x1_5000 }), fc.integer({ min: 0, max: 9000 })),
      { maxLength: 4 },
    )
    await fc.assert(
      fc.asyncProperty(extents, async (pairs) => {
        engine.transfers.length = 0
        await memory.read(pairs.map(([offset, byteLength]) => at(offset, byteLength)))
        for (const { address, byteLength } of engine.transfers) {
          expect(byteLength).toBeLessThanOrEqual(2048)
          expect(address).toBeGreaterThanOrEqual(IMAGE.start)
          expect(advance(address, byteLength)).toBeLessThanOrEqual(advance(IMAGE.start, 0x4000))
        }
      }),
      { seed: 0x6a7d, numRuns: 200 },
    )
  })

  it('takes an answer of another length for an error of the device', async () => {
    const { memory } = await guarded(BYTEWISE, {
      copyFrom: () => ({ kind: 'complete', bytes: new Uint8Array(3) }),
    })
    expect(await memory.read([at(0x1_0000, 4)])).toEqual([
      { kind: 'device-error', status: '3 bytes instead of 4' },
    ])
  })
})

describe('GuardedMemory.write()', () => {
  const site = at(0x1_0100, 8)
  const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
  const grant = issueWriteGrant([site], TEXT)

  it('writes exactly the granted bytes', async () => {
    const { ram, memory } = await guarded()
    const before = ram.bytes.slice()
    expect(await memory.write(grant, site.start, bytes)).toEqual({ kind: 'accepted' })
    before.set(bytes, 0x1_0100)
    expect(ram.bytes).toEqual(before)
  })

  it.each([
    ['one byte below', -1, 8],
    ['one byte above', 1, 8],
    ['one byte more', 0, 9],
  ])('refuses %s the granted range, and moves nothing', async (_, shift, length) => {
    const { engine, memory } = await guarded()
    const outcome = await memory.write(grant, advance(site.start, shift), new Uint8Array(length))
    expect(outcome).toMatchObject({ reason: { kind: 'outside-granted-ranges' } })
    expect(engine.transfers).toEqual([])
  })

  it('refuses what is over the limit instead of splitting it', async () => {
    const { engine, memory } = await guarded()
    const wide = issueWriteGrant([at(0x1_0000, 4096)], TEXT)
    const outcome = await memory.write(wide, IMAGE.start, new Uint8Array(2049))
    const reason = { kind: 'over-engine-limit', byteLength: 2049, limit: 2048 }
    expect(outcome).toEqual({ kind: 'not-issued', reason })
    expect(engine.transfers).toEqual([])
  })

  it('lets a sector engine write where the whole sector is .text', async () => {
    const { ram, memory } = await guarded(SECTORWISE)
    const before = ram.bytes.slice()
    const last = at(0x1_1ff8, 8)
    const outcome = await memory.write(issueWriteGrant([last], TEXT), last.start, bytes)
    expect(outcome).toEqual({ kind: 'accepted' })
    before.set(bytes, 0x1_1ff8)
    expect(ram.bytes).toEqual(before)
  })

  it('refuses a sector engine whose sector leaves .text', async () => {
    const { engine, memory } = await guarded(SECTORWISE)
    const shortText = at(0x1_0000, 0x1100)
    const inside = at(0x1_1080, 8)
    const outcome = await memory.write(issueWriteGrant([inside], shortText), inside.start, bytes)
    const reason = { kind: 'sector-leaves-text', extent: at(0x1_1000, 512) }
    expect(outcome).toEqual({ kind: 'not-issued', reason })
    expect(engine.transfers).toEqual([])
  })

  it('is not troubled by a caller that changes the bytes meanwhile', async () => {
    const { ram, memory } = await guarded()
    const mine = bytes.slice()
    const writing = memory.write(grant, site.start, mine)
    mine.fill(0xff)
    await writing
    expect(ram.read(site.start, 8)).toEqual(bytes)
  })
})

describe('GuardedMemory', () => {
  const site = at(0x1_0100, 8)
  const grant = issueWriteGrant([site], TEXT)

  it('starts no transfer while another runs', async () => {
    const { engine, memory } = await guarded()
    const first = memory.read([at(0x1_0000, 8)])
    const busy = { kind: 'not-issued', reason: { kind: 'another-transfer-runs' } }
    expect(await memory.write(grant, site.start, new Uint8Array(8))).toEqual(busy)
    expect(await memory.read([site, site])).toEqual([busy, busy])
    expect((await first)[0]?.kind).toBe('complete')
    expect(engine.transfers).toHaveLength(1)
    expect((await memory.read([site]))[0]?.kind).toBe('complete')
  })

  it('starts none after a transfer that was never seen to end', async () => {
    const { engine, memory } = await guarded(BYTEWISE, {
      copyTo: () => ({ kind: 'no-completion', waitedMs: 1000 }),
    })
    const lost = await memory.write(grant, site.start, new Uint8Array(8))
    expect(lost).toEqual({ kind: 'no-completion', waitedMs: 1000 })
    const [outcome] = await memory.read([site])
    expect(outcome).toMatchObject({ reason: { kind: 'another-transfer-runs' } })
    expect(engine.transfers).toHaveLength(1)
  })

  it('starts none after the engine threw', async () => {
    const { memory } = await guarded(BYTEWISE, {
      copyFrom: () => {
        throw new Error('The device is gone')
      },
    })
    await expect(memory.read([site])).rejects.toThrow('The device is gone')
    const [outcome] = await memory.read([site])
    expect(outcome).toMatchObject({ reason: { kind: 'another-transfer-runs' } })
  })

  it('goes on after an error that the device reported', async () => {
    let calls = 0
    const { memory } = await guarded(BYTEWISE, {
      copyFrom: () => (calls++ === 0 ? { kind: 'device-error', status: 'once' } : 'do-it'),
    })
    expect((await memory.read([site]))[0]?.kind).toBe('device-error')
    expect((await memory.read([site]))[0]?.kind).toBe('complete')
  })

  it('refuses everything once closed, and closes only after the running transfer', async () => {
    const { engine, memory } = await guarded()
    const long = memory.read([at(0x1_0000, 4096)])
    await memory.close()
    expect(engine.transfers).toHaveLength(1)
    const closed = { kind: 'not-issued', reason: { kind: 'closed' } }
    expect(await long).toEqual([closed])
    expect(await memory.read([site])).toEqual([closed])
    expect(await memory.write(grant, site.start, new Uint8Array(8))).toEqual(closed)
    await memory.close()
    expect(engine.transfers).toHaveLength(1)
  })

  it('counts bytes and transfers, without the trials', async () => {
    const { memory } = await guarded(SECTORWISE)
    expect(memory.traffic).toEqual({
      bytesRead: 0,
      bytesWritten: 0,
      transfers: 0,
      engineBytes: 0,
    })
    await memory.read([at(0x1_0000, 5000)])
    await memory.write(grant, site.start, new Uint8Array(8))
    expect(memory.traffic).toMatchObject({ bytesRead: 5000, bytesWritten: 8, transfers: 3 })
  })
})
