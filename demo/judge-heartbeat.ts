import { type Beat, gapsWithin, judge } from '../lab/heartbeat.ts'
import type { GuestType } from '../lab/machine-options.ts'
import type { GuestHeartbeat, Phase } from './report.ts'

/** A guest's longest silences in each phase, each against the quiet time just before it. */
export function judgeHeartbeat(
  type: GuestType,
  beats: readonly Beat[],
  phases: readonly Phase[],
): GuestHeartbeat {
  const longest = (name: Phase['name']): number => {
    const phase = phases.find((each) => each.name === name)
    return phase === undefined ? 0 : gapsWithin(beats, phase).longestMs
  }
  const apply = judge(longest('quiet'), longest('apply'))
  const revert = judge(longest('quiet-before-revert'), longest('revert'))
  const again = judge(longest('quiet-before-again'), longest('apply-again'))
  const whole = wholeTime(phases)
  return {
    type,
    beats: whole === undefined ? beats : beats.filter(({ atMs }) => atMs >= whole.fromMs),
    quietMaxGapMs: longest('quiet'),
    applyMaxGapMs: longest('apply'),
    revertMaxGapMs: longest('revert'),
    applyAllowedMs: apply.allowedMs,
    revertAllowedMs: revert.allowedMs,
    missingBeats: whole === undefined ? 0 : gapsWithin(beats, whole).missing.length,
    held: beats.length > 0 && [apply, revert, again].every(({ kind }) => kind === 'within'),
  }
}

function wholeTime(phases: readonly Phase[]): { fromMs: number; toMs: number } | undefined {
  if (phases.length === 0) return undefined
  return {
    fromMs: Math.min(...phases.map((phase) => phase.fromMs)),
    toMs: Math.max(...phases.map((phase) => phase.toMs)),
  }
}
