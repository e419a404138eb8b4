import { describe, expect, it } from 'vitest'
import { gapsOutside, longestOf, medianMs, phaseGaps, phasesInOrder } from './phase-gaps.ts'
import type { GuestHeartbeat, Phase } from './report.ts'
import { madeUpReport } from './testing/made-up-report.ts'

const QUIET: Phase = { name: 'quiet', fromMs: 1000, toMs: 1100 }
const APPLY: Phase = { name: 'apply', fromMs: 1100, toMs: 1250 }
const QUIET_AGAIN: Phase = { name: 'quiet-before-again', fromMs: 1500, toMs: 1600 }
const AGAIN: Phase = { name: 'apply-again', fromMs: 1600, toMs: 1700 }

describe('phaseGaps()', () => {
  it('counts a gap at a border in full, and in both phases', () => {
    const rows = phaseGaps(guest([990, 1050, 1200, 1300]), [QUIET, APPLY])
    expect(rows.map(({ longest }) => longest?.ms)).toEqual([150, 150])
  })

  it('shows the length that the demo measured, and where the beats have their longest gap', () => {
    const [, row] = phaseGaps(guest([990, 1050, 1200, 1300]), [QUIET, APPLY])
    expect(row).toMatchObject({ longestMs: 120, allowedMs: 300, verdict: 'within' })
    expect(row?.longest).toEqual({ fromMs: 1050, toMs: 1200, ms: 150 })
  })

  it('judges no quiet phase, and the second apply by the quiet time before it', () => {
    const rows = phaseGaps(guest([1490, 1540, 1590, 1950]), [QUIET_AGAIN, AGAIN])
    expect(rows.map(({ verdict }) => verdict)).toEqual(['not-judged', 'within'])
    expect(rows[1]).toMatchObject({ longestMs: 360, allowedMs: 610 })
  })

  it('does not judge the second apply without a quiet time before it', () => {
    const [row] = phaseGaps(guest([1590, 1950]), [AGAIN])
    expect(row?.verdict).toBe('not-judged')
  })

  it('has no gap to show where there is no beat', () => {
    const [row] = phaseGaps(guest([]), [AGAIN])
    expect(row).toMatchObject({ gaps: [], longest: undefined, longestMs: undefined })
    expect(row?.verdict).toBe('not-judged')
  })
})

describe('gapsOutside()', () => {
  it('gives the gaps that touch no phase, so that together with the phases none is lost', () => {
    const beats = [990, 1050, 1200, 1300, 1500, 1650, 1800, 1900]
    const phases = [QUIET, APPLY, AGAIN]
    const outside = gapsOutside(guest(beats), phases)
    expect(outside).toEqual([
      { fromMs: 1300, toMs: 1500, ms: 200 },
      { fromMs: 1800, toMs: 1900, ms: 100 },
    ])
    const ends = [...outside, ...phaseGaps(guest(beats), phases).flatMap(({ gaps }) => gaps)]
    expect(new Set(ends.map(({ toMs }) => toMs))).toEqual(new Set(beats.slice(1)))
  })
})

describe('phasesInOrder()', () => {
  it('gives phases in the order of time, without those that end before they begin', () => {
    const backwards: Phase = { name: 'revert', fromMs: 9, toMs: 8 }
    const never: Phase = { name: 'revert', fromMs: Number.NaN, toMs: 8 }
    const report = { ...madeUpReport(), phases: [APPLY, backwards, never, QUIET] }
    expect(phasesInOrder(report)).toEqual([QUIET, APPLY])
  })
})

describe('longestOf() and medianMs()', () => {
  it('have nothing to say of no gaps', () => {
    expect([longestOf([]), medianMs([])]).toEqual([undefined, undefined])
  })

  it('take the first longest and the middle one', () => {
    const gaps = [5, 9, 1, 9].map((ms, index) => ({ fromMs: index, toMs: index + ms, ms }))
    expect(longestOf(gaps)).toBe(gaps[1])
    expect(medianMs(gaps)).toBe(9)
  })
})

function guest(beats: readonly number[]): GuestHeartbeat {
  return {
    type: 'pv',
    beats: beats.map((atMs, number) => ({ number, atMs })),
    quietMaxGapMs: 60,
    applyMaxGapMs: 120,
    revertMaxGapMs: 0,
    applyAllowedMs: 300,
    revertAllowedMs: 300,
    missingBeats: 0,
    held: true,
  }
}
