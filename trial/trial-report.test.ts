import { describe, expect, it } from 'vitest'
import type { BuildReport } from '../src/build/build-report.ts'
import { corpusRow, readCorpusRows, renderCorpusPage, STABLE_COLUMNS } from './corpus-page.ts'
import { renderTrials, type TrialReport } from './trial-report.ts'

const HELD: TrialReport = {
  ok: true,
  failure: undefined,
  hotfix: 'xsa-506',
  channel: 'dma',
  applied: true,
  guests: { created: 2, ran: 2, destroyed: 2 },
  reverted: true,
  text: { bytes: 1000, bytesDifferentWhileApplied: 15, bytesDifferentAfterRevert: 0 },
  probe: {
    command: 'probe',
    tells: true,
    before: { exit: 20, output: '' },
    applied: { exit: 0, output: '' },
    reverted: { exit: 20, output: '' },
  },
  pauseMaxMs: 61.4,
  pauses: { quiet: { pv: 70 }, apply: { pv: 61.4 }, revert: { pv: 59 } },
  seconds: { apply: 2.04, revert: 3, all: 90 },
  answers: { apply: undefined, revert: undefined },
}

const BUILT = {
  verdict: 'built',
  functions: {
    changed: [{ name: 'do_dm_op', file: undefined, object: 'dm.o', oldBytes: 220, newBytes: 241 }],
    added: [],
  },
  reasons: [],
  forms: [{ form: 'livepatch', possible: true, about: '', bytes: 12_016, reasons: [] }],
  seconds: 2,
} as unknown as BuildReport

describe('renderTrials()', () => {
  it('says what held, how long the guests waited, and counts', () => {
    expect(renderTrials([HELD])).toBe(
      [
        '✓ xsa-506 by dma',
        '    applied in 2.0 s, reverted in 3.0 s',
        '    guests meanwhile: 2 created, 2 ran, 2 destroyed',
        '    code and constants: 15 of 1000 bytes differed, 0 after the revert',
        "    probe 'probe' exits 20 before, 0 applied, 20 reverted",
        '',
        'Longest silence of a guest, in milliseconds:',
        '    hotfix   channel  guest  quiet  apply  revert',
        '    xsa-506  dma      pv        70     61      59',
        '',
        '1 held, 0 did not',
      ].join('\n'),
    )
  })

  it('does not call memory restored that was not compared', () => {
    const text = {
      bytes: 1000,
      bytesDifferentWhileApplied: 15,
      bytesDifferentAfterRevert: undefined,
    }
    const failed = { ...HELD, ok: false, reverted: false, failure: 'lost', text }
    expect(renderTrials([failed])).toContain(
      'code and constants: 15 of 1000 bytes differed, not known how many after the revert',
    )
  })

  it('says why a trial did not hold', () => {
    const failed = { ...HELD, ok: false, applied: false, failure: 'no room' }
    expect(renderTrials([failed])).toBe('✗ xsa-506 by dma: no room\n\n0 held, 1 did not')
  })
})

describe('readCorpusRows()', () => {
  it('reads back what the page says of each patch, but the times', () => {
    const refused = { ...BUILT, verdict: 'refused', forms: [] } as unknown as BuildReport
    const results = [
      { patch: 'xsa506.patch', build: BUILT, trials: [HELD] },
      { patch: 'other.patch', build: refused, trials: [] },
    ]
    const page = renderCorpusPage({ version: '4.17', buildId: 'ab', results })
    expect(readCorpusRows(page)).toEqual(
      results.map((result) => corpusRow(result).slice(0, STABLE_COLUMNS)),
    )
  })
})
