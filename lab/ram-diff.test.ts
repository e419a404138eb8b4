import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { machineAddress } from '../src/address/address.ts'
import { compareMemory } from './ram-diff.ts'

const SEED = 20260802
const START = machineAddress(0x5fa0_0000n)

function range(offset: number, byteLength: number) {
  return { start: machineAddress(START + BigInt(offset)), byteLength }
}

describe('compareMemory()', () => {
  it('finds each run of bytes that changed', () => {
    const change = compareMemory(
      START,
      Uint8Array.of(0, 1, 2, 3, 4, 5),
      Uint8Array.of(9, 1, 9, 9, 4, 9),
      [],
    )
    expect(change.runs).toEqual([range(0, 1), range(2, 2), range(5, 1)])
    expect(change).toMatchObject({ planned: 0, changed: 4, foreign: 4 })
  })

  it('calls changes within the plan planned, and the others foreign', () => {
    const after = new Uint8Array(32).fill(1, 6, 12)
    const change = compareMemory(START, new Uint8Array(32), after, [range(8, 8)])
    expect(change).toMatchObject({ planned: 8, changed: 6, foreign: 2 })
    expect(change.foreignRuns).toEqual([range(6, 2)])
  })

  it('counts a byte once that two planned ranges share', () => {
    const change = compareMemory(START, new Uint8Array(16), new Uint8Array(16), [
      range(0, 8),
      range(4, 8),
    ])
    expect(change).toMatchObject({ planned: 12, changed: 0, foreign: 0 })
  })

  it('counts of a planned range only what was read', () => {
    const change = compareMemory(START, new Uint8Array(16), new Uint8Array(16), [
      range(-4, 8),
      range(12, 100),
      range(200, 4),
    ])
    expect(change.planned).toBe(8)
  })

  it('refuses readings of different lengths', () => {
    expect(() => compareMemory(START, new Uint8Array(1), new Uint8Array(2), [])).toThrow(RangeError)
  })

  it('counts as a bytewise comparison does', () => {
    const bytes = fc.uint8Array({ minLength: 64, maxLength: 64, max: 2 })
    const plans = fc.array(fc.tuple(fc.nat(80), fc.nat(20)), { maxLength: 5 })
    fc.assert(
      fc.property(bytes, bytes, plans, (before, after, planned) => {
        const inPlan = (at: number): boolean =>
          planned.some(([offset, length]) => at >= offset && at < offset + length)
        const places = [...before.keys()]
        const differing = places.filter((at) => before[at] !== after[at])
        expect(
          compareMemory(
            START,
            before,
            after,
            planned.map(([offset, length]) => range(offset, length)),
          ),
        ).toMatchObject({
          planned: places.filter(inPlan).length,
          changed: differing.length,
          foreign: differing.filter((at) => !inPlan(at)).length,
        })
      }),
      { seed: SEED },
    )
  })
})
