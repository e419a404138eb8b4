import { crc32 } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EngineLimits } from '../memory/dma-engine.ts'
import { GuardedMemory } from '../memory/guarded-memory.ts'
import { proveEngine } from '../memory/prove-engine.ts'
import { SimEngine } from '../memory/testing/sim-engine.ts'
import { stateOf } from './state-of.ts'
import { arbitraryPlan } from './testing/arbitrary-plan.ts'
import { isUnpatched, simFound, simLocation, simOwnFrames } from './testing/sim-hypervisor.ts'
import { SpliceWorld } from './testing/splice-world.ts'

const ENGINES: readonly EngineLimits[] = [
  { maxTransferBytes: 2048, writeGranuleBytes: 1 },
  { maxTransferBytes: 65_536, writeGranuleBytes: 512 },
]

describe('a fix over a proven and guarded engine', () => {
  it.each(ENGINES)('is applied and taken back byte for byte, with %o', async (limits) => {
    await fc.assert(
      fc.asyncProperty(arbitraryPlan, async (plan) => {
        const world = new SpliceWorld(plan, crc32)
        const proof = await proveEngine(new SimEngine(world.ram, limits, {}, simOwnFrames))
        if (proof.kind !== 'proven') throw new Error('The simulated engine is broken')
        const memory = new GuardedMemory(proof.engine, [simLocation.machine])
        const ports = { ...world.ports(), memory }

        expect(await world.spliceTo('applied', ports)).toMatchObject({ kind: 'applied' })
        expect(stateOf(plan, simFound(world.ram, plan))).toEqual({ kind: 'applied' })
        expect(await world.spliceTo('applied', ports)).toEqual({ kind: 'already-applied' })

        expect(await world.spliceTo('not-applied', ports)).toMatchObject({ kind: 'reverted' })
        expect(isUnpatched(world.ram)).toBe(true)

        await memory.close()
        const closed = { kind: 'not-issued', reason: { kind: 'closed' } }
        expect(await world.spliceTo('applied', ports)).toMatchObject({
          kind: 'refused',
          reason: { kind: 'read-failed', outcome: closed },
        })
      }),
      { seed: 0x9a4d, numRuns: 10 },
    )
  })
})
