import { describe, expect, it } from 'vitest'
import { drawHeartbeat } from './heartbeat-chart.ts'
import { phaseGaps } from './phase-gaps.ts'
import type { GuestHeartbeat, Phase } from './report.ts'
import { madeUpReport } from './testing/made-up-report.ts'

const APPLY: Phase = { name: 'apply', fromMs: 400_000, toMs: 400_500 }

describe('drawHeartbeat()', () => {
  it('shows a gap that is far narrower than a column in its full height', () => {
    // An hour and a half of beats: one column covers nearly three seconds.
    const beats = regularBeats(100_000)
    const drawn = draw(beats.filter(({ number }) => number < 8000 || number > 8004))
    // The axis reaches 300 ms; the plot is 150 high and ends at 224.
    expect(drawn).toMatch(/class="gaps"[^>]*d="[^"]*V74[HV]/)
  })

  it('leaves a hole in the row of beats where a guest was silent', () => {
    const ticks = (drawn: string): number =>
      drawn.match(/class="beats"[^>]*/)?.[0].split('M').length ?? 0
    const beats = regularBeats(100_000)
    const silent = beats.filter(({ number }) => number < 8000 || number > 9000)
    expect(ticks(draw(silent))).toBe(ticks(draw(beats)) + 1)
  })

  it('draws the silence of a guest that never beats again', () => {
    const beats = regularBeats(8002)
    const last = beats.at(-1)?.atMs ?? 0
    const { pv } = madeUpReport().heartbeat
    if (pv === undefined) throw new Error('The made-up report has a guest pv')
    const drawn = drawHeartbeat({
      id: 'chart',
      title: 'Heartbeats of pv',
      description: 'One guest',
      beats,
      rows: phaseGaps({ ...pv, beats }, [APPLY]),
      time: { from: APPLY.fromMs, to: APPLY.toMs },
      topMs: APPLY.toMs - last,
    }).toString()
    // From the last beat to the right border in the plot's full height.
    expect(drawn).toMatch(/class="gaps"[^>]*d="[^"]*V74H992V224Z"/)
  })

  it('does not grow with the number of beats', () => {
    expect(draw(regularBeats(200_000)).length).toBeLessThan(60_000)
  })

  it('labels a phase with its longest gap and with what was allowed', () => {
    const drawn = draw(regularBeats(20_000))
    expect(drawn).toContain('>longest 120 ms<')
    expect(drawn).toContain('>allowed 300 ms<')
    expect(drawn).toMatch(/<title id="chart-title">Heartbeats of pv<\/title>/)
  })
})

function draw(beats: GuestHeartbeat['beats']): string {
  const { pv } = madeUpReport().heartbeat
  if (pv === undefined) throw new Error('The made-up report has a guest pv')
  const guest = { ...pv, beats, applyMaxGapMs: 120, applyAllowedMs: 300 }
  return drawHeartbeat({
    id: 'chart',
    title: 'Heartbeats of pv',
    description: 'One guest',
    beats,
    rows: phaseGaps(guest, [APPLY]),
    time: { from: 0, to: beats.at(-1)?.atMs ?? 0 },
    topMs: 300,
  }).toString()
}

/** A beat every 50 ms. */
function regularBeats(count: number): GuestHeartbeat['beats'] {
  return Array.from({ length: count }, (_, number) => ({ number, atMs: number * 50 }))
}
