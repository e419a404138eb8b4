import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { linearScale, roundValues, spreadLabels } from './chart-scale.ts'

const PROPERTY = { seed: 506, numRuns: 500 }
const ROOM = { from: 0, to: 1000 }

describe('linearScale()', () => {
  it('puts the ends of the one stretch on the ends of the other, and stays between them', () => {
    const scale = linearScale({ from: 10, to: 20 }, { from: 200, to: 100 })
    expect([10, 15, 20, -5, 99].map((value) => scale.at(value))).toEqual([200, 150, 100, 200, 100])
  })

  it('draws a stretch without an extent', () => {
    expect(linearScale({ from: 7, to: 7 }, ROOM).at(7)).toBe(0)
  })
})

describe('roundValues()', () => {
  it.each([
    [0, 57, 10, [0, 10, 20, 30, 40, 50]],
    [0, 372, 4, [0, 100, 200, 300]],
    [0, 0.9, 4, [0, 0.5]],
  ])('gives round values from %d to %d', (from, to, most, values) => {
    expect(roundValues(linearScale({ from, to }, ROOM), most)).toEqual(values)
  })

  it('gives rising values within the stretch, and not too many', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.integer({ min: 1, max: 1_000_000 }), (from, length) => {
        const values = roundValues(linearScale({ from, to: from + length }, ROOM), 10)
        expect(values.length).toBeLessThanOrEqual(11)
        expect(values).toEqual(values.toSorted((a, b) => a - b))
        for (const value of values) {
          expect(value).toBeGreaterThanOrEqual(from)
          expect(value).toBeLessThanOrEqual(from + length)
        }
      }),
      PROPERTY,
    )
  })
})

describe('spreadLabels()', () => {
  it('leaves labels where they wish to be while they do not touch', () => {
    expect(spreadLabels([200, 500], ROOM, 100)).toEqual([200, 500])
  })

  it('pushes the label on the right away, and both back from the border', () => {
    expect(spreadLabels([200, 210], ROOM, 100)).toEqual([200, 300])
    expect(spreadLabels([980, 990], ROOM, 100)).toEqual([850, 950])
  })

  it('keeps labels apart, in order and inside wherever there is room for all', () => {
    const wishes = fc
      .array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 8 })
      .map((each) => each.toSorted((a, b) => a - b))
    fc.assert(
      fc.property(wishes, (each) => {
        const centres = spreadLabels(each, ROOM, 112)
        expect(centres).toHaveLength(each.length)
        for (const [index, centre] of centres.entries()) {
          const previous = centres[index - 1] ?? -56
          expect(centre - previous).toBeGreaterThanOrEqual(112 - 1e-9)
        }
        expect(centres.at(-1)).toBeLessThanOrEqual(1000 - 56 + 1e-9)
      }),
      PROPERTY,
    )
  })
})
