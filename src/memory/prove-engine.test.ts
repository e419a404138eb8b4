import { describe, expect, it } from 'vitest'
import {
  alignDown,
  alignUp,
  advance,
  distance,
  frameStart,
  machineAddress,
} from '../address/address.ts'
import type { EngineLimits } from './dma-engine.ts'
import { describeEngineFailure, type EngineFailure, proveEngine } from './prove-engine.ts'
import { SimEngine, type SimEngineFaults } from './testing/sim-engine.ts'
import { SimRam } from './testing/sim-ram.ts'

const LIMITS: readonly EngineLimits[] = [
  { maxTransferBytes: 8, writeGranuleBytes: 1 },
  { maxTransferBytes: 9, writeGranuleBytes: 1 },
  { maxTransferBytes: 2048, writeGranuleBytes: 1 },
  { maxTransferBytes: 4095, writeGranuleBytes: 1 },
  { maxTransferBytes: 131_072, writeGranuleBytes: 1 },
  { maxTransferBytes: 512, writeGranuleBytes: 512 },
  { maxTransferBytes: 1024, writeGranuleBytes: 512 },
  { maxTransferBytes: 131_072, writeGranuleBytes: 512 },
]

const EDU: EngineLimits = { maxTransferBytes: 2048, writeGranuleBytes: 1 }

function newRam(): SimRam {
  const ram = new SimRam(machineAddress(0x77_0000n), 0x4_0000)
  ram.bytes.fill(0xc3)
  return ram
}

async function failureOf(
  faults: (ram: SimRam) => SimEngineFaults,
  limits: EngineLimits = EDU,
): Promise<EngineFailure> {
  const ram = newRam()
  const proof = await proveEngine(new SimEngine(ram, limits, faults(ram)))
  if (proof.kind === 'proven') throw new Error('The broken engine was taken for a sound one')
  return proof.failure
}

describe('proveEngine()', () => {
  it.each(LIMITS)('proves a sound engine of %o', async (limits) => {
    const engine = new SimEngine(newRam(), limits)
    const proof = await proveEngine(engine)
    expect(proof.kind).toBe('proven')
  })

  it.each(LIMITS)('takes at most 28 transfers, none over the limit, for %o', async (limits) => {
    const engine = new SimEngine(newRam(), limits)
    await proveEngine(engine)
    expect(engine.transfers.length).toBeLessThanOrEqual(28)
    for (const { direction, address, byteLength } of engine.transfers) {
      expect(byteLength).toBeLessThanOrEqual(limits.maxTransferBytes)
      const granule = direction === 'to' ? limits.writeGranuleBytes : 1
      const start = alignDown(address, granule)
      const sectors = distance(start, alignUp(advance(address, byteLength), granule))
      expect(sectors).toBeLessThanOrEqual(limits.maxTransferBytes)
    }
  })

  it.each(LIMITS)('touches no memory but the own frames, for %o', async (limits) => {
    const ram = newRam()
    const engine = new SimEngine(ram, limits)
    const before = ram.bytes.slice()
    await proveEngine(engine)
    const frames = engine.ownFrames.map((own) => frameStart(own.frame))
    for (const { address } of engine.transfers) {
      expect(frames).toContain(alignDown(address, 4096))
    }
    expect(ram.bytes).toEqual(before)
  })

  it('tries every length around the limits, in both directions', async () => {
    const engine = new SimEngine(newRam(), { maxTransferBytes: 2048, writeGranuleBytes: 512 })
    await proveEngine(engine)
    for (const direction of ['to', 'from']) {
      const tried = engine.transfers.filter((transfer) => transfer.direction === direction)
      expect(tried.map((transfer) => transfer.byteLength)).toEqual(
        expect.arrayContaining([1, 2, 7, 8, 9, 511, 512, 513, 2047, 2048]),
      )
    }
  })

  it('lowers the limit to the longest transfer it tried', async () => {
    const limits = { maxTransferBytes: 131_072, writeGranuleBytes: 512 } as const
    const proof = await proveEngine(new SimEngine(newRam(), limits))
    if (proof.kind !== 'proven') throw new Error(describeEngineFailure(proof.failure))
    expect(proof.engine.limits).toEqual({ maxTransferBytes: 4096, writeGranuleBytes: 512 })
  })

  it.each([
    { maxTransferBytes: 7, writeGranuleBytes: 1 },
    { maxTransferBytes: 0, writeGranuleBytes: 1 },
    { maxTransferBytes: Number.NaN, writeGranuleBytes: 1 },
    { maxTransferBytes: 511, writeGranuleBytes: 512 },
  ] as const)('refuses an engine of %o, and moves nothing', async (limits) => {
    const engine = new SimEngine(newRam(), limits)
    const proof = await proveEngine(engine)
    expect(proof).toMatchObject({ kind: 'failed', failure: { kind: 'limit-too-small' } })
    expect(engine.transfers).toEqual([])
  })

  it('refuses an engine with one frame', async () => {
    const engine = new SimEngine(newRam(), EDU)
    const lonely = Object.create(engine, { ownFrames: { value: engine.ownFrames.slice(0, 1) } })
    const proof = await proveEngine(lonely as SimEngine)
    expect(proof).toMatchObject({ failure: { kind: 'too-few-frames', found: 1, wanted: 2 } })
  })

  it('says which transfer the device refused', async () => {
    const refused = { kind: 'device-error', status: 'status 0x2002' } as const
    const failure = await failureOf(() => ({
      copyTo: (_, bytes) => (bytes.length === 2048 ? refused : 'do-it'),
    }))
    expect(failure).toMatchObject({
      kind: 'transfer-failed',
      direction: 'write',
      trial: { byteLength: 2048 },
      outcome: refused,
    })
    expect(describeEngineFailure(failure)).toBe(
      'The trial write of 2048 bytes (all-one) at offset 0x400 of own frame 0 failed: ' +
        'the device reported status 0x2002',
    )
  })

  it('finds an answer that is too short', async () => {
    const failure = await failureOf(() => ({
      copyFrom: (_, byteLength) => ({ kind: 'complete', bytes: new Uint8Array(byteLength - 1) }),
    }))
    expect(failure).toMatchObject({ kind: 'short-read', found: 0, trial: { byteLength: 1 } })
  })

  it('names the first wrong byte beside the range', async () => {
    const failure = await failureOf((ram) => ({
      copyTo: (at, bytes) => {
        ram.write(at, Uint8Array.from([...bytes, 0x99]))
        return { kind: 'accepted' }
      },
    }))
    expect(failure).toMatchObject({
      kind: 'wrong-byte',
      direction: 'write',
      where: 'beside',
      seenBy: 'processor',
      at: 0x77_7002n,
      found: 0x99,
    })
  })
})

/** Writes what `change` makes of the bytes, instead of the bytes. */
function writing(change: (bytes: Uint8Array, at: bigint) => Uint8Array) {
  return (ram: SimRam): SimEngineFaults => ({
    copyTo: (at, bytes) => {
      ram.write(at, change(bytes.slice(), at))
      return { kind: 'accepted' }
    },
  })
}

const BROKEN: Readonly<Record<string, (ram: SimRam) => SimEngineFaults>> = {
  'loses the last byte of an odd length': writing((bytes) =>
    bytes.length % 2 === 1 && bytes.length > 1 ? bytes.subarray(0, -1) : bytes,
  ),
  'loses the last byte at its limit': writing((bytes) =>
    bytes.length === EDU.maxTransferBytes ? bytes.subarray(0, -1) : bytes,
  ),
  'has a bit that sticks at one': writing((bytes) => bytes.map((byte) => byte | 0x10)),
  'has a bit that sticks at zero': writing((bytes) => bytes.map((byte) => byte & ~0x10)),
  'swaps two bits': writing((bytes) =>
    bytes.map((byte) => (byte & 0xfc) | ((byte & 1) << 1) | ((byte >> 1) & 1)),
  ),
  'swaps the halves of words': writing((bytes) => {
    if (bytes.length < 16) return bytes
    const first = bytes.slice(0, 4)
    bytes.copyWithin(0, 4, 8)
    bytes.set(first, 4)
    return bytes
  }),
  'rounds addresses down to whole words': (ram) => ({
    copyTo: (at, bytes) => {
      ram.write(alignDown(at, 8), bytes)
      return { kind: 'accepted' }
    },
  }),
  'writes a second copy one frame up': (ram) => ({
    copyTo: (at, bytes) => {
      ram.write(at, bytes)
      ram.write(advance(at, 4096), bytes)
      return { kind: 'accepted' }
    },
  }),
  'writes nothing and says it did': () => ({ copyTo: () => ({ kind: 'accepted' }) }),
  'writes a whole word where bytes were asked for': (ram) => ({
    copyTo: (at, bytes) => {
      ram.write(at, bytes)
      ram.write(advance(at, bytes.length), new Uint8Array(8 - (bytes.length % 8)).fill(0x3c))
      return { kind: 'accepted' }
    },
  }),
  'answers with what it wrote there last, and not with what is there': (ram) => {
    const written = new Map<bigint, Uint8Array>()
    return {
      copyTo: (at, bytes) => {
        written.set(at, bytes.slice())
        return 'do-it'
      },
      copyFrom: (at, byteLength) => {
        const bytes = ram.read(at, byteLength)
        bytes.set(written.get(at)?.subarray(0, byteLength) ?? [])
        return { kind: 'complete', bytes }
      },
    }
  },
  'reads one byte further up': (ram) => ({
    copyFrom: (at, byteLength) => ({
      kind: 'complete',
      bytes: ram.read(advance(at, 1), byteLength),
    }),
  }),
  'clears what it reads': (ram) => ({
    copyFrom: (at, byteLength) => {
      const bytes = ram.read(at, byteLength)
      ram.write(at, new Uint8Array(byteLength))
      return { kind: 'complete', bytes }
    },
  }),
}

describe('proveEngine() fails an engine that', () => {
  it.each(Object.keys(BROKEN))('%s', async (name) => {
    const faults = BROKEN[name]
    if (faults === undefined) throw new Error(name)
    const failure = await failureOf(faults)
    expect(['wrong-byte', 'short-read']).toContain(failure.kind)
    expect(describeEngineFailure(failure)).toMatch(/^The trial (write|read) of \d+ bytes/)
  })
})
