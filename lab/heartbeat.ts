/**
 * Guests' heartbeats: when did a guest run, and how long did it not?
 *
 * A lab guest writes `beat NUMBER SECONDS.MICROSECONDS` on its console, many times a second, by
 * its own clock.
 *
 * @module
 */

/** One line that a guest wrote. */
export interface Beat {
  /** Counts from 0, without a hole, from the guest's start. */
  readonly number: number
  /** The guest's wall clock, in milliseconds since 1970. */
  readonly atMs: number
}

/** A stretch of time, in milliseconds since 1970. */
export interface Window {
  readonly fromMs: number
  readonly toMs: number
}

/** A silence between two beats; or up to the window's border where there is no beat beyond. */
export interface Gap extends Window {
  readonly ms: number
}

/** What the beats say about a window. */
export interface WindowReport {
  /** Beats within the window. */
  readonly beats: number
  /** In the order of time; the last one may reach, or come from, outside the window. */
  readonly gaps: readonly Gap[]
  readonly longestMs: number
  /** Numbers that should have come between two beats that touch the window, and did not. */
  readonly missing: readonly number[]
  /** How often the count fell back: the guest started over, or its clock was set. */
  readonly restarts: number
}

/** How the longest gap around an act compares with that of a quiet time of equal length. */
export interface Verdict {
  readonly kind: 'within' | 'exceeded'
  readonly quietMaxMs: number
  readonly actMaxMs: number
  readonly allowedMs: number
}

// The line's end and the microseconds' six digits prove that the line is whole. What stands before
// may be the rest of a kernel message that the beat was written into.
const BEAT = /beat (\d{1,15}) (\d{9,11})\.(\d{6})\r?\n/g

const STAMPED_BEAT = /^(\d{9,11}\.\d{6}) .*beat \d{1,15} (\d{9,11}\.\d{6})\r?$/gm

/**
 * The beats in a console's log, in the order in which they stand there.
 *
 * Lines that another message tore apart, or that are not finished yet, are left out: their
 * numbers will be missing, and the silence around them counts as one.
 */
export function parseBeats(log: string): readonly Beat[] {
  return [...log.matchAll(BEAT)].map(([, number, seconds, micros]) => ({
    number: Number(number),
    atMs: Number(seconds) * 1000 + Number(micros) / 1000,
  }))
}

/**
 * How far a guest's clock is behind another one, in milliseconds, by lines that bear the other
 * clock's time of arrival in seconds: `1795300665.800001 beat 7 1795300665.791557`.
 *
 * The line that travelled the shortest time decides, so the answer is too high by that time.
 * Undefined when no line is whole.
 */
export function clockLag(stamped: string): number | undefined {
  const lags = [...stamped.matchAll(STAMPED_BEAT)].map(
    ([, arrival, beat]) => (Number(arrival) - Number(beat)) * 1000,
  )
  return lags.length === 0 ? undefined : lags.reduce((least, lag) => Math.min(least, lag))
}

/**
 * The same beats by a clock that is this far ahead of the guest's.
 */
export function shiftBeats(beats: readonly Beat[], lagMs: number): readonly Beat[] {
  return beats.map(({ number, atMs }) => ({ number, atMs: atMs + lagMs }))
}

/**
 * Measures the silences that touch a window.
 *
 * A gap that straddles a border counts in full: cutting it would hide the very silence that an
 * act at the border caused. Where no beat comes before the first border, or after the last, the
 * silence is counted from, or to, that border: a log that is read too early shows a silence that
 * was none, so read it a little after the window's end.
 */
export function gapsWithin(beats: readonly Beat[], window: Window): WindowReport {
  const ordered = beats.toSorted((a, b) => a.atMs - b.atMs)
  const inside = ordered.filter(({ atMs }) => atMs >= window.fromMs && atMs <= window.toMs)
  const before = ordered.findLast(({ atMs }) => atMs < window.fromMs)
  const after = ordered.find(({ atMs }) => atMs > window.toMs)
  const edges = [
    before?.atMs ?? window.fromMs,
    ...inside.map(({ atMs }) => atMs),
    after?.atMs ?? window.toMs,
  ]
  const gaps = edges.slice(1).map((toMs, index): Gap => {
    const fromMs = edges[index] ?? toMs
    return { fromMs, toMs, ms: toMs - fromMs }
  })
  const touching = [before, ...inside, after].filter((beat) => beat !== undefined)
  return {
    beats: inside.length,
    gaps,
    longestMs: gaps.reduce((longest, { ms }) => Math.max(longest, ms), 0),
    ...holesIn(touching),
  }
}

/**
 * Whether an act disturbed a guest more than a quiet time did.
 *
 * Allowed is the longest quiet gap times 1.5, or plus 250 ms, whichever is more: processors made
 * of software do not keep time evenly.
 */
export function judge(quietMaxMs: number, actMaxMs: number): Verdict {
  const allowedMs = Math.max(quietMaxMs * 1.5, quietMaxMs + 250)
  return {
    kind: actMaxMs <= allowedMs ? 'within' : 'exceeded',
    quietMaxMs,
    actMaxMs,
    allowedMs,
  }
}

/** A count that jumps further is taken for a broken line, not listed number by number. */
const LONGEST_LIST = 100_000

function holesIn(beats: readonly Beat[]): {
  readonly missing: readonly number[]
  readonly restarts: number
} {
  const missing: number[] = []
  let restarts = 0
  for (const [index, beat] of beats.entries()) {
    const previous = beats[index - 1]
    if (previous === undefined) continue
    if (beat.number <= previous.number) restarts += 1
    else if (beat.number - previous.number <= LONGEST_LIST) {
      for (let number = previous.number + 1; number < beat.number; number += 1) missing.push(number)
    } else restarts += 1
  }
  return { missing, restarts }
}
