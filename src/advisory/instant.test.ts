import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeSpan, isInstant, parseInstant } from './instant.ts'

describe('parseInstant()', () => {
  it.each([
    ['2015-03-05', '2015-03-05T00:00:00.000Z'],
    ['2015-03-05 12:00', '2015-03-05T12:00:00.000Z'],
    ['2015-03-10 12:00 UTC', '2015-03-10T12:00:00.000Z'],
    ['2023-09-19T12:00:00Z', '2023-09-19T12:00:00.000Z'],
    ['2024-02-29T23:30:00.5+01:00', '2024-02-29T22:30:00.500Z'],
    ['2024-08-02T16:10:06.455Z', '2024-08-02T16:10:06.455Z'],
  ])('reads %s', (text, instant) => {
    expect(parseInstant(text)).toEqual({ kind: 'instant', instant })
  })

  it.each(['', 'soon', '2015', '2015-02-30', '2015-13-01', '2015-03-05T25:00', '05/03/2015'])(
    'refuses %j, which is no date',
    (text) => {
      expect(parseInstant(text)).toEqual({ kind: 'not-a-date' })
    },
  )

  it.each(['1999-12-31', '1970-01-01T00:00:00Z', '0001-01-01T00:00:00Z', '2000-01-01T00:30+01:00'])(
    'refuses %s, which is before 2000',
    (text) => {
      expect(parseInstant(text)).toEqual({ kind: 'before-2000' })
    },
  )

  it('reads back every instant that it made', () => {
    const year2000 = Date.UTC(2000, 0, 1)
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), (ms) => {
        const text = new Date(year2000 + ms).toISOString()
        expect(parseInstant(text)).toEqual({ kind: 'instant', instant: text })
        expect(isInstant(text)).toBe(true)
      }),
      { seed: 506, numRuns: 200 },
    )
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(['instant', 'not-a-date', 'before-2000']).toContain(parseInstant(text).kind)
      }),
      { seed: 507 },
    )
  })
})

describe('describeSpan()', () => {
  it.each([
    [59_000, '0 min'],
    [12 * 60_000, '12 min'],
    [90 * 60_000, '1 h 30 min'],
    [76 * 3_600_000, '3 d 4 h'],
    [-48 * 3_600_000, '2 d'],
  ])('says %i ms as %s', (ms, text) => {
    expect(describeSpan(ms)).toBe(text)
  })
})
