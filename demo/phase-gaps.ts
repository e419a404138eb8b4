import { type Beat, type Gap, gapsWithin, judge } from '../lab/heartbeat.ts'
import { isMeasured } from './quantity-text.ts'
import type { DemoReport, GuestHeartbeat, Phase } from './report.ts'

/** What one guest's heart did in one phase of the demo. */
export interface PhaseGaps {
  readonly phase: Phase
  readonly beats: number
  /** All gaps that touch the phase; one at its border counts in full, and in both phases. */
  readonly gaps: readonly Gap[]
  /** Where the longest of them lies. Undefined where there are no beats at all. */
  readonly longest: Gap | undefined
  /** As the demo measured it; else as long as `longest`. */
  readonly longestMs: number | undefined
  /** Undefined for a quiet phase: there is nothing to compare it with. */
  readonly allowedMs: number | undefined
  readonly verdict: 'within' | 'exceeded' | 'not-judged'
}

/** The phases in the order in which a whole demo passes through them. */
export const PHASE_NAMES: readonly Phase['name'][] = [
  'quiet',
  'apply',
  'quiet-before-revert',
  'revert',
  'quiet-before-again',
  'apply-again',
]

const PHASE_TITLES: Readonly<Record<Phase['name'], string>> = {
  quiet: 'Quiet',
  apply: 'Apply',
  'quiet-before-revert': 'Quiet again',
  revert: 'Revert',
  'quiet-before-again': 'Quiet again',
  'apply-again': 'Apply again',
}

/** A phase's name, for people. */
export function phaseTitle(name: Phase['name']): string {
  return PHASE_TITLES[name]
}

/** The phases with a beginning and an end, in the order of time. */
export function phasesInOrder(report: DemoReport): readonly Phase[] {
  return report.phases
    .filter(({ fromMs, toMs }) => isMoment(fromMs) && isMoment(toMs) && fromMs <= toMs)
    .toSorted((a, b) => a.fromMs - b.fromMs)
}

/** The beats that have a time, in its order. */
export function beatsInOrder(guest: GuestHeartbeat): readonly Beat[] {
  return guest.beats.filter(({ atMs }) => isMoment(atMs)).toSorted((a, b) => a.atMs - b.atMs)
}

/** What the guest's heart did in each of the phases. */
export function phaseGaps(guest: GuestHeartbeat, phases: readonly Phase[]): readonly PhaseGaps[] {
  const beats = beatsInOrder(guest)
  return phases.map((phase) => {
    const within = gapsWithin(beats, phase)
    const gaps = beats.length === 0 ? [] : within.gaps
    const longest = longestOf(gaps)
    const recorded = recordedOf(guest, phase, allowedAgainMs(beats, phases))
    const longestMs = isMeasured(recorded.longestMs) ? recorded.longestMs : longest?.ms
    const { allowedMs } = recorded
    return {
      phase,
      beats: within.beats,
      gaps,
      longest,
      longestMs,
      allowedMs,
      verdict: judgeGap(longestMs, allowedMs),
    }
  })
}

/** The gaps that touch none of the phases: while the demo probed, compared, and waited. */
export function gapsOutside(guest: GuestHeartbeat, phases: readonly Phase[]): readonly Gap[] {
  const beats = beatsInOrder(guest)
  return beats.slice(1).flatMap(({ atMs: toMs }, index) => {
    const fromMs = beats[index]?.atMs ?? toMs
    const touched = phases.some((phase) => fromMs <= phase.toMs && toMs >= phase.fromMs)
    return touched ? [] : [{ fromMs, toMs, ms: toMs - fromMs }]
  })
}

/** The first of the longest gaps. */
export function longestOf(gaps: readonly Gap[]): Gap | undefined {
  return gaps.reduce<Gap | undefined>(
    (longest, gap) => (longest === undefined || gap.ms > longest.ms ? gap : longest),
    undefined,
  )
}

/** The gap in the middle of all gaps by length. */
export function medianMs(gaps: readonly Gap[]): number | undefined {
  return gaps.map(({ ms }) => ms).toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)]
}

// ECMA-262, 21.4.1.1: no time value lies further from 1970. Differences stay exact below that.
function isMoment(ms: number): boolean {
  return isMeasured(ms) && Math.abs(ms) <= 8.64e15
}

/** What the second apply may do, by the quiet time before it: the report holds no number of it. */
function allowedAgainMs(beats: readonly Beat[], phases: readonly Phase[]): number | undefined {
  const quiet = phases.find(({ name }) => name === 'quiet-before-again')
  const again = phases.find(({ name }) => name === 'apply-again')
  if (quiet === undefined || again === undefined || beats.length === 0) return undefined
  return judge(gapsWithin(beats, quiet).longestMs, 0).allowedMs
}

function recordedOf(
  guest: GuestHeartbeat,
  phase: Phase,
  againMs: number | undefined,
): { readonly longestMs?: number; readonly allowedMs: number | undefined } {
  switch (phase.name) {
    case 'quiet':
      return { longestMs: guest.quietMaxGapMs, allowedMs: undefined }
    case 'apply':
      return { longestMs: guest.applyMaxGapMs, allowedMs: guest.applyAllowedMs }
    case 'quiet-before-revert':
    case 'quiet-before-again':
      return { allowedMs: undefined }
    case 'revert':
      return { longestMs: guest.revertMaxGapMs, allowedMs: guest.revertAllowedMs }
    case 'apply-again':
      return { allowedMs: againMs }
  }
}

function judgeGap(
  longestMs: number | undefined,
  allowedMs: number | undefined,
): PhaseGaps['verdict'] {
  if (longestMs === undefined || !isMeasured(allowedMs)) return 'not-judged'
  return longestMs <= allowedMs ? 'within' : 'exceeded'
}
