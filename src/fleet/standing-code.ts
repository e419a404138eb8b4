import type { Standing } from '../advisory/exposure.ts'
import type { Truth } from '../advisory/condition.ts'

/**
 * Truth as a number, so that `all` is the least, `any` the greatest, and `not` the distance from 2.
 */
export const FALSE = 0
export const UNKNOWN = 1
export const TRUE = 2

const TRUTHS: readonly Truth[] = ['false', 'unknown', 'true']

export function codeOf(truth: Truth): number {
  if (truth === 'unknown') return UNKNOWN
  return truth === 'true' ? TRUE : FALSE
}

/** One byte for a standing: applies, memory and disk as digits of base 3. */
export function standingCode(applies: number, memory: number, disk: number): number {
  return applies * 9 + memory * 3 + disk
}

/** All standings, by their codes. */
export const STANDINGS: readonly Standing[] = TRUTHS.flatMap((applies) =>
  TRUTHS.flatMap((memory) => TRUTHS.map((disk) => ({ applies, memory, disk }))),
)
