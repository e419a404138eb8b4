import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { renderSummary } from './render-summary.ts'
import { anyReport } from './testing/any-report.ts'
import { madeUpEmptyReport, madeUpFailedReport, madeUpReport } from './testing/made-up-report.ts'

describe('renderSummary()', () => {
  it.each([
    ['held', madeUpReport()],
    ['failed', madeUpFailedReport()],
    ['empty', madeUpEmptyReport()],
  ])('gives the lines that are kept of a report: %s', async (name, report) => {
    const summary = renderSummary(report)
    expect(summary.split('\n').length).toBeLessThanOrEqual(10)
    await expect(`${summary}\n`).toMatchFileSnapshot(`testing/summary-${name}.txt`)
  })

  it('never gives a terminal anything but lines of text', () => {
    fc.assert(
      fc.property(anyReport, (report) => {
        expect(renderSummary(report)).toMatch(/^[^\p{Cc}\u202a-\u202e\u2066-\u2069]+$/mu)
        expect(renderSummary(report).replaceAll('\n', '')).not.toMatch(/\p{Cc}|[\u202a-\u202e]/u)
      }),
      { seed: 506, numRuns: 200 },
    )
  })

  it('keeps to a line for each guest and ten others, whatever the report holds', () => {
    fc.assert(
      fc.property(anyReport, (report) => {
        const guests = Math.max(Object.keys(report.heartbeat).length, 1)
        expect(renderSummary(report).split('\n').length - guests).toBeLessThanOrEqual(11)
      }),
      { seed: 506, numRuns: 200 },
    )
  })
})
