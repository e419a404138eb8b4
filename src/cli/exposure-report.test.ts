import { describe, expect, it } from 'vitest'
import type { Exposure } from '../advisory/exposure.ts'
import { describeCounts, describeVerdict, renderExposure } from './exposure-report.ts'

const base = { xsa: 1, because: [], counts: true }

describe('describeVerdict()', () => {
  it.each<[string, Exposure]>([
    ['affected', { ...base, verdict: 'affected', disk: 'false' }],
    [
      'affected (whether the fix is on disk is not known)',
      { ...base, verdict: 'affected', disk: 'unknown' },
    ],
    ['fixed in memory and on disk', { ...base, verdict: 'fixed', memory: 'true', disk: 'true' }],
    [
      'fixed in memory only; a reboot undoes it',
      { ...base, verdict: 'fixed', memory: 'true', disk: 'false' },
    ],
    [
      'fixed in memory; whether on disk is not known',
      { ...base, verdict: 'fixed', memory: 'true', disk: 'unknown' },
    ],
    [
      'fixed on disk only; open until the host boots',
      { ...base, verdict: 'fixed', memory: 'false', disk: 'true' },
    ],
    [
      'fixed on disk; whether in memory is not known',
      { ...base, verdict: 'fixed', memory: 'unknown', disk: 'true' },
    ],
    [
      'unknown (missing: buildId, config)',
      { ...base, verdict: 'unknown', missing: ['buildId', 'config'] },
    ],
  ])('says "%s"', (text, exposure) => {
    expect(describeVerdict(exposure)).toBe(text)
  })
})

describe('describeCounts()', () => {
  it('counts a host whose fix is on disk only among the open ones, and once', () => {
    const verdicts = { affected: 1, fixed: 3, unknown: 1, 'not-affected': 2 }
    expect(describeCounts({ xsa: 1, verdicts, open: 2, maybeOpen: 2 })).toBe(
      '2 open (1 fixed on disk only), 2 unknown, 1 fixed, 2 not affected',
    )
  })

  it('says that there are no hosts', () => {
    const verdicts = { affected: 0, fixed: 0, unknown: 0, 'not-affected': 0 }
    expect(describeCounts({ xsa: 1, verdicts, open: 0, maybeOpen: 0 })).toBe('no hosts')
  })
})

describe('renderExposure()', () => {
  it('has of an embargoed advisory nothing but its clock', () => {
    const clock = 'XSA-600: an issue exists; no disclosure date is known'
    expect(renderExposure([{ kind: 'embargoed', xsa: 600, clock }])).toBe(clock)
  })
})
