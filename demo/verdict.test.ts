import { describe, expect, it } from 'vitest'
import type { DemoReport, GuestHeartbeat } from './report.ts'
import { madeUpEmptyReport, madeUpFailedReport, madeUpReport } from './testing/made-up-report.ts'
import { verdictOf } from './verdict.ts'

describe('verdictOf()', () => {
  it('holds for a whole demo', () => {
    const verdict = verdictOf(madeUpReport())
    expect(verdict).toMatchObject({ held: true, objections: [], missing: [] })
    expect(verdict.sentence).toContain('XSA-506 was open, the fix closed it')
  })

  it('does not hold where the report itself says so, for no reason that it gives', () => {
    const { held, sentence } = verdictOf({ ...madeUpReport(), ok: false })
    expect(held).toBe(false)
    expect(sentence).toBe('The demo did not hold, and its report does not say why.')
  })

  it.each<[string, Partial<DemoReport>, RegExp]>([
    ['an answer of an open hole after the mend', probe(-3, -3, -3), /probe after the mend/],
    ['an answer of no known state', probe(-3, 0, -3), /answered 0, which does not say/],
    ['a hole that was closed before', probe(-61, -61, -3), /probe before the mend/],
    ['a hole that stays closed after the revert', probe(-3, -61, -61), /probe after the revert/],
    ['a changed byte that was not planned', bytes({ foreign: 1 }), /Unplanned bytes.*: 1\./],
    ['a byte that the revert left', bytes({ afterRevert: 3 }), /did not bring back: 3\./],
    ['a fix that changed nothing', bytes({ changed: 0 }), /No byte/],
    ['a gap that is too long', guest({ applyMaxGapMs: 900 }), /pv was silent for 900 ms/],
    ['a guest that did not hold', guest({ held: false, missingBeats: 2 }), /2 beats missing/],
    ['a guest without a beat', guest({ held: false, beats: [] }), /never beat/],
  ])('objects to %s, even when the report says ok', (_, change, objection) => {
    const verdict = verdictOf({ ...madeUpReport(), ...change })
    expect(verdict.held).toBe(false)
    expect(verdict.objections).toHaveLength(1)
    expect(verdict.objections[0]).toMatch(objection)
  })

  it.each<[string, Partial<DemoReport>, string]>([
    ['a probe', { probe: { before: -3, after: -61 } }, 'the probe after the revert'],
    ['the comparison', bytes({ comparedBytes: 0 }), "the comparison of Xen's image from outside"],
    ['the heartbeats', { heartbeat: {} }, "the guests' heartbeats"],
  ])('does not hold where %s is missing, even when the report says ok', (_, change, missing) => {
    const verdict = verdictOf({ ...madeUpReport(), ...change })
    expect(verdict).toMatchObject({ held: false, objections: [], missing: [missing] })
  })

  it('names the step that failed, and says what it found once', () => {
    const { sentence, objections } = verdictOf(madeUpFailedReport())
    expect(sentence).toBe('The demo did not hold: it failed at step 9, “Probe again”.')
    expect(objections.filter((each) => each.includes('must be -61'))).toHaveLength(1)
  })

  it('gives the reason of a demo that ended before its first step', () => {
    const { sentence, objections } = verdictOf(madeUpEmptyReport())
    expect(sentence).toBe('The demo did not hold: it ended before its last step.')
    expect(objections).toEqual(['Debian packages are missing: qemu-system-x86.'])
  })
})

function probe(before: number, after: number, reverted: number): Partial<DemoReport> {
  return { probe: { before, after, reverted } }
}

function bytes(change: Partial<DemoReport['bytes']>): Partial<DemoReport> {
  return { bytes: { ...madeUpReport().bytes, ...change } }
}

function guest(change: Partial<GuestHeartbeat>): Partial<DemoReport> {
  const { pv } = madeUpReport().heartbeat
  if (pv === undefined) throw new Error('The made-up report has a guest pv')
  return { heartbeat: { pv: { ...pv, ...change } } }
}
