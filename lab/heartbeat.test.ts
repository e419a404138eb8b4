import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Beat, clockLag, gapsWithin, judge, parseBeats, shiftBeats } from './heartbeat.ts'

const SEED = 20260801
const START_MS = 1_795_300_000_000

/** Beats with the given pauses between them, the first one at `START_MS`. */
function beatsWithPauses(pausesMs: readonly number[]): readonly Beat[] {
  let atMs = START_MS
  return [0, ...pausesMs].map((pause, number) => ({ number, atMs: (atMs += pause) }))
}

function line({ number, atMs }: Beat): string {
  const micros = String(Math.round((atMs % 1000) * 1000)).padStart(6, '0')
  return `beat ${number} ${Math.floor(atMs / 1000)}.${micros}\n`
}

const pauses = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 60 })

describe('parseBeats()', () => {
  it('reads number and time of each line', () => {
    expect(parseBeats('beat 0 1795300665.791557\r\nbeat 1 1795300665.841600\n')).toEqual([
      { number: 0, atMs: 1795300665791.557 },
      { number: 1, atMs: 1795300665841.6 },
    ])
  })

  it('reads a beat behind an unfinished message', () => {
    expect(parseBeats('[    3.1] random: crng beat 7 1795300665.791557\n')).toHaveLength(1)
  })

  it('leaves out a beat that a message tears apart, and one that is not finished', () => {
    expect(parseBeats('beat 7 17953006[    3.1] ok\n65.791557\n')).toEqual([])
    expect(parseBeats('beat 7 1795300665.7915[    3.1] ok\n57\n')).toEqual([])
    expect(parseBeats('beat 7 1795300665.791557')).toEqual([])
  })

  it('gives back every beat of a log, whatever stands between the lines', () => {
    const noise = fc.stringMatching(/^[ -~]{0,40}$/).map((text) => text.replaceAll('beat', ''))
    fc.assert(
      fc.property(pauses, fc.array(noise), (gaps, noises) => {
        const beats = beatsWithPauses(gaps)
        const log = beats.map((beat, i) => `${noises[i] ?? ''}\n${line(beat)}`).join('')
        expect(parseBeats(log)).toEqual(beats)
      }),
      { seed: SEED },
    )
  })

  it('never invents a beat when the log is cut anywhere', () => {
    fc.assert(
      fc.property(pauses, fc.nat(), fc.nat(), (gaps, a, b) => {
        const log = beatsWithPauses(gaps).map(line).join('')
        const [from, to] = [a % log.length, b % log.length].toSorted((x, y) => x - y)
        const whole = parseBeats(log)
        for (const beat of parseBeats(log.slice(from, to))) expect(whole).toContainEqual(beat)
      }),
      { seed: SEED },
    )
  })

  it('takes any text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(Array.isArray(parseBeats(text))).toBe(true)
      }),
      { seed: SEED },
    )
  })
})

describe('clockLag()', () => {
  it('goes by the line that came soonest', () => {
    const log = [
      '1795300675.100000 beat 0 1795300665.000000',
      '1795300675.060000 beat 1 1795300665.050000\r',
      '1795300675.600000 beat 2 1795300665.100000',
    ]
    expect(clockLag(log.join('\n'))).toBeCloseTo(10_010, 2)
  })

  it('finds a clock that is ahead', () => {
    expect(clockLag('1795300665.000000 beat 0 1795300666.500000\n')).toBeCloseTo(-1500, 2)
  })

  it('has no answer without a whole line', () => {
    expect(clockLag('1795300665.000000 beat 0 179530066\n1795300665.0 hello\n')).toBeUndefined()
  })

  it('undoes any difference between the clocks', () => {
    const lag = fc.integer({ min: -100_000, max: 100_000 })
    fc.assert(
      fc.property(pauses, lag, (gaps, lagMs) => {
        const beats = beatsWithPauses(gaps)
        const log = beats.map(
          (beat) => `${((beat.atMs + lagMs) / 1000).toFixed(6)} ${line(beat).trimEnd()}`,
        )
        expect(clockLag(log.join('\n'))).toBeCloseTo(lagMs, 2)
        expect(shiftBeats(beats, lagMs)[0]?.atMs).toBe(START_MS + lagMs)
      }),
      { seed: SEED },
    )
  })
})

describe('gapsWithin()', () => {
  const steady = beatsWithPauses([50, 50, 50, 50])

  it('finds the longest gap', () => {
    const beats = beatsWithPauses([50, 300, 50])
    const report = gapsWithin(beats, { fromMs: START_MS, toMs: START_MS + 400 })
    expect(report).toMatchObject({ beats: 4, longestMs: 300, missing: [], restarts: 0 })
  })

  it('counts a gap over the first border in full', () => {
    const beats = beatsWithPauses([900, 50, 50])
    const report = gapsWithin(beats, { fromMs: START_MS + 850, toMs: START_MS + 1000 })
    expect(report.longestMs).toBe(900)
  })

  it('counts a gap over the last border in full', () => {
    const beats = beatsWithPauses([50, 900])
    const report = gapsWithin(beats, { fromMs: START_MS, toMs: START_MS + 100 })
    expect(report.longestMs).toBe(900)
  })

  it('counts a silence that lasts to the end of the window', () => {
    const report = gapsWithin(steady, { fromMs: START_MS, toMs: START_MS + 5200 })
    expect(report.longestMs).toBe(5000)
  })

  it('counts a silence from the beginning of the window', () => {
    const report = gapsWithin(steady, { fromMs: START_MS - 700, toMs: START_MS + 200 })
    expect(report.longestMs).toBe(700)
  })

  it('calls a window without any beat one gap', () => {
    const report = gapsWithin([], { fromMs: START_MS, toMs: START_MS + 1000 })
    expect(report).toMatchObject({ beats: 0, longestMs: 1000 })
  })

  it('lists the numbers that are missing', () => {
    const holed = steady.filter(({ number }) => number !== 2)
    const report = gapsWithin(holed, { fromMs: START_MS, toMs: START_MS + 200 })
    expect(report).toMatchObject({ longestMs: 100, missing: [2] })
  })

  it('sees a guest that started over', () => {
    const again = steady.map(({ number, atMs }) => ({ number, atMs: atMs + 1000 }))
    const report = gapsWithin([...steady, ...again], { fromMs: START_MS, toMs: START_MS + 1200 })
    expect(report).toMatchObject({ longestMs: 800, restarts: 1 })
  })

  it('covers the whole window with its gaps', () => {
    fc.assert(
      fc.property(pauses, fc.nat(100_000), fc.nat(100_000), (gaps, a, length) => {
        const fromMs = START_MS - 1000 + a
        const report = gapsWithin(beatsWithPauses(gaps), { fromMs, toMs: fromMs + length })
        const first = report.gaps[0]
        const last = report.gaps.at(-1)
        expect(first?.fromMs).toBeLessThanOrEqual(fromMs)
        expect(last?.toMs).toBeGreaterThanOrEqual(fromMs + length)
        expect(report.longestMs * report.gaps.length).toBeGreaterThanOrEqual(length)
      }),
      { seed: SEED },
    )
  })

  it('never reports a shorter longest gap when a beat is taken away', () => {
    fc.assert(
      fc.property(pauses, fc.nat(), (gaps, which) => {
        const beats = beatsWithPauses(gaps)
        const fewer = beats.filter((_, index) => index !== which % beats.length)
        const window = { fromMs: START_MS, toMs: beats.at(-1)?.atMs ?? START_MS }
        expect(gapsWithin(fewer, window).longestMs).toBeGreaterThanOrEqual(
          gapsWithin(beats, window).longestMs,
        )
      }),
      { seed: SEED },
    )
  })
})

describe('judge()', () => {
  it('allows 250 ms more than a short quiet gap', () => {
    expect(judge(100, 350)).toMatchObject({ kind: 'within', allowedMs: 350 })
    expect(judge(100, 351)).toMatchObject({ kind: 'exceeded', allowedMs: 350 })
  })

  it('allows one and a half times a long quiet gap', () => {
    expect(judge(1000, 1500).kind).toBe('within')
    expect(judge(1000, 1501).kind).toBe('exceeded')
  })
})
