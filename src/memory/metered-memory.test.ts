import { describe, expect, it } from 'vitest'
import { machineAddress } from '../address/address.ts'
import { GuardedMemory } from './guarded-memory.ts'
import { MeteredMemory } from './metered-memory.ts'
import { proveEngine } from './prove-engine.ts'
import { SimEngine } from './testing/sim-engine.ts'
import { SimRam } from './testing/sim-ram.ts'
import { issueWriteGrant } from './write-grant.ts'

const BASE = machineAddress(0x77_0000n)
const IMAGE = { start: BASE, byteLength: 0x1000 }

/** A meter whose clock goes on by 250 ms each time it is asked. */
async function metered(): Promise<MeteredMemory> {
  const ram = new SimRam(BASE, 0x4_0000)
  const engine = new SimEngine(ram, { maxTransferBytes: 2048, writeGranuleBytes: 1 })
  const proof = await proveEngine(engine)
  if (proof.kind !== 'proven') throw new Error('The simulated engine is broken')
  let now = 0
  return new MeteredMemory(new GuardedMemory(proof.engine, [IMAGE]), () => (now += 250))
}

describe('MeteredMemory', () => {
  it('counts reads before the first write apart from those after it', async () => {
    const memory = await metered()
    const grant = issueWriteGrant([IMAGE], IMAGE)
    await memory.read([{ start: BASE, byteLength: 100 }])
    await memory.write(grant, BASE, new Uint8Array(8))
    await memory.read([{ start: BASE, byteLength: 8 }])
    const { identify, write, verify } = memory.cost
    expect([identify.seconds, write.seconds, verify.seconds]).toEqual([0.25, 0.25, 0.25])
    expect(identify.bytes).toBeGreaterThanOrEqual(100)
    expect(write.bytes).toBeGreaterThanOrEqual(8)
    expect(verify.bytes).toBeGreaterThanOrEqual(8)
    expect(memory.transfers).toBe(3)
  })

  it('counts nothing for what the guard refuses, but the time', async () => {
    const memory = await metered()
    await memory.read([{ start: machineAddress(0n), byteLength: 8 }])
    expect(memory.cost.identify).toEqual({ bytes: 0, seconds: 0.25 })
  })
})
