import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeWindow, newSightings, type Sighting, windowOf } from './window.ts'

const TIMES = { announcedAt: '2026-07-28T12:00:00.000Z', now: '2026-08-28T12:00:00.000Z' }

function seen(day: string, open: Sighting['open']): Sighting {
  return { host: 'h1', at: `2026-${day}T12:00:00.000Z`, open }
}

describe('windowOf()', () => {
  it('runs from the announcement to the first time that the host was seen closed for good', () => {
    const sightings = [seen('07-27', 'true'), seen('07-31', 'false'), seen('08-02', 'false')]
    expect(windowOf(sightings, TIMES)).toEqual({
      kind: 'closed',
      at: '2026-07-31T12:00:00.000Z',
      ms: 3 * 86_400_000,
    })
  })

  it('begins anew where a host was seen open again, as after a reboot', () => {
    const sightings = [seen('07-27', 'true'), seen('07-31', 'false'), seen('08-02', 'true')]
    expect(windowOf(sightings, TIMES)).toEqual({ kind: 'open', ms: 31 * 86_400_000 })
    expect(windowOf([...sightings, seen('08-07', 'false')], TIMES)).toMatchObject({
      kind: 'closed',
      at: '2026-08-07T12:00:00.000Z',
    })
  })

  it('is nothing for a host that was closed before the announcement', () => {
    const window = windowOf([seen('07-01', 'true'), seen('07-20', 'false')], TIMES)
    expect(window).toMatchObject({ kind: 'closed', ms: 0 })
    expect(describeWindow(window)).toBe('closed before the announcement (2026-07-20T12:00:00.000Z)')
  })

  it('concludes nothing from what is not known', () => {
    expect(windowOf([], TIMES)).toEqual({ kind: 'unknown' })
    expect(windowOf([seen('07-31', 'unknown')], TIMES)).toEqual({ kind: 'unknown' })
    expect(windowOf([seen('07-31', 'false')], TIMES)).toEqual({ kind: 'never-seen-open' })
  })

  const anySighting = fc.record({
    host: fc.constant('h1'),
    at: fc
      .integer({ min: 1, max: 28 })
      .map((day) => `2026-08-${String(day).padStart(2, '0')}T00:00:00.000Z`),
    open: fc.constantFrom('true', 'false', 'unknown' as const),
  })

  it('does not depend on the order of the sightings', () => {
    fc.assert(
      fc.property(fc.array(anySighting), (sightings) => {
        expect(windowOf(sightings.toReversed(), TIMES)).toEqual(windowOf(sightings, TIMES))
      }),
      { seed: 640 },
    )
  })

  it('is the same from the sightings that were worth recording', () => {
    const distinct = fc.uniqueArray(anySighting, { selector: ({ at }) => at })
    fc.assert(
      fc.property(distinct, (sightings) => {
        const inOrder = sightings.toSorted((a, b) => a.at.localeCompare(b.at))
        const recorded: Sighting[] = []
        for (const one of inOrder) recorded.push(...newSightings(recorded, [one]))
        expect(windowOf(recorded, TIMES)).toEqual(windowOf(sightings, TIMES))
      }),
      { seed: 641 },
    )
  })
})
