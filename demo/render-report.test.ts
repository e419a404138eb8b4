import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { renderReport } from './render-report.ts'
import type { DemoReport } from './report.ts'
import { anyReport } from './testing/any-report.ts'
import { htmlFaults } from './testing/html-faults.ts'
import { madeUpEmptyReport, madeUpFailedReport, madeUpReport } from './testing/made-up-report.ts'

const PROPERTY = { seed: 506, numRuns: 200 }
const HOSTILE = `<script>alert('x')</script>" onload="alert(1)`

describe('renderReport()', () => {
  it.each([
    ['held', madeUpReport()],
    ['failed', madeUpFailedReport()],
    ['empty', madeUpEmptyReport()],
  ])('gives the page that is kept of a report: %s', async (name, report) => {
    const page = renderReport(report)
    expect(htmlFaults(page)).toEqual([])
    await expect(page).toMatchFileSnapshot(`testing/report-${name}.html`)
  })

  it('makes a well-formed page of any report', () => {
    fc.assert(
      fc.property(anyReport, (report) => {
        expect(htmlFaults(renderReport(report))).toEqual([])
      }),
      PROPERTY,
    )
  })

  it('makes a page of any report that went through JSON, where a number may be null', () => {
    fc.assert(
      fc.property(anyReport, (report) => {
        const read = JSON.parse(JSON.stringify(report)) as DemoReport
        expect(htmlFaults(renderReport(read))).toEqual([])
      }),
      PROPERTY,
    )
  })

  it('never draws at a place that is no number', () => {
    fc.assert(
      fc.property(anyReport, (report) => {
        const page = renderReport({ ...report, writes: [], steps: [] })
        for (const [drawn] of page.matchAll(/ (?:d|x|y|cx|cy|x1|x2|y1|y2|width)="[^"]*"/g)) {
          expect(drawn).not.toMatch(/NaN|Infinity|undefined/)
        }
      }),
      PROPERTY,
    )
  })

  it('takes no text of the report for markup', () => {
    const whole = madeUpReport()
    const { pv, pvh } = whole.heartbeat
    if (pv === undefined || pvh === undefined) throw new Error('The made-up report has two guests')
    const page = renderReport({
      ...whole,
      startedAt: HOSTILE,
      engine: HOSTILE,
      xen: { version: HOSTILE, buildId: HOSTILE, packageVersion: HOSTILE },
      fix: { name: HOSTILE, advisory: HOSTILE, title: HOSTILE },
      heartbeat: { [HOSTILE]: pv },
      bytes: { ...whole.bytes, comparedSections: [HOSTILE] },
      writes: whole.writes.map((write) => ({
        ...write,
        role: HOSTILE,
        place: HOSTILE,
        address: HOSTILE,
        before: HOSTILE,
        why: HOSTILE,
      })),
      seconds: { [HOSTILE]: 1 },
      steps: whole.steps.map((step) => ({ ...step, title: HOSTILE, finding: HOSTILE })),
    })
    expect(page).not.toContain('<script')
    expect(page).not.toContain('" onload')
    expect(page).toContain('&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;')
    expect(htmlFaults(page)).toEqual([])
  })

  it('needs nothing from outside of the page', () => {
    const page = renderReport(madeUpReport())
    expect(page).not.toMatch(/\ssrc=|url\(|@import|https?:/)
    expect(page.match(/href="[^"]*"/g)).toEqual(['href="report.json"'])
  })

  it('prints every gap of every guest', () => {
    const report = madeUpReport()
    const page = renderReport(report)
    for (const { beats } of Object.values(report.heartbeat)) {
      for (const [index, { atMs }] of beats.entries()) {
        const previous = beats[index - 1]
        if (previous === undefined) continue
        expect(page).toMatch(new RegExp(`[> ]${Math.round(atMs - previous.atMs)}[ <\\n]`))
      }
    }
  })

  it('shows a failed step where the page begins and where the steps are', () => {
    const page = renderReport(madeUpFailedReport())
    expect(page).toContain('it failed at step 9, “Probe again”')
    expect(page.match(/<tr class="failed">/g)).toHaveLength(1)
    expect(page).toContain('Not shown: the probe after the revert')
  })
})
