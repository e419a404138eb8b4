/** The demo, as `npm run demo` runs it: what it must show for its report to be worth anything. */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { renderReport } from '../../demo/render-report.ts'
import type { DemoReport } from '../../demo/report.ts'
import { runDemo } from '../../demo/run-demo.ts'
import { toJson } from '../../src/cli/output.ts'

const OUT = path.resolve(import.meta.dirname, '../../out/demo-test')
const MOST_DMA_BYTES = 64 * 1024
const ENODATA = -61
const ESRCH = -3

describe('the demo', () => {
  let report: DemoReport

  beforeAll(async () => {
    report = await runDemo({
      step: () => undefined,
      progress: () => undefined,
      finding: () => undefined,
    })
    mkdirSync(OUT, { recursive: true })
    writeFileSync(path.join(OUT, 'report.html'), renderReport(report))
    writeFileSync(path.join(OUT, 'report.json'), `${toJson(report)}\n`)
  })

  it('holds, every step of it', () => {
    expect(report.failure).toBeUndefined()
    expect(report.steps.filter(({ held }) => !held)).toEqual([])
    expect(report.ok).toBe(true)
  })

  it('finds the hole open, closed by the fix, and open again without it', () => {
    expect(report.probe).toEqual({ before: ESRCH, after: ENODATA, reverted: ESRCH })
  })

  it('changes planned bytes alone, and none after the revert', () => {
    const { planned, changed, foreign, afterRevert, comparedSections } = report.bytes
    expect(foreign).toBe(0)
    expect(changed).toBeGreaterThan(0)
    expect(changed).toBeLessThanOrEqual(planned)
    expect(afterRevert).toBe(0)
    expect(comparedSections).toEqual(expect.arrayContaining(['.text', '.rodata']))
  })

  it('stops no heart for longer than it may', () => {
    expect(Object.keys(report.heartbeat)).toEqual(['pv', 'pvh'])
    for (const heart of Object.values(report.heartbeat)) {
      expect(heart.quietMaxGapMs).toBeGreaterThan(0)
      expect(heart.applyMaxGapMs).toBeLessThanOrEqual(heart.applyAllowedMs)
      expect(heart.revertMaxGapMs).toBeLessThanOrEqual(heart.revertAllowedMs)
      expect(heart.held).toBe(true)
    }
  })

  it('moves at most 64 KiB by DMA to identify, apply and verify', () => {
    expect(report.engine).toMatch(/^nvme /)
    expect(report.dma.bytes).toBeGreaterThan(0)
    expect(report.dma.bytes).toBeLessThanOrEqual(MOST_DMA_BYTES)
  })
})
