import type { TestFinding, Truth } from './condition.ts'
import type { FactName } from './host-facts.ts'

/**
 * Whether one advisory hits one host, with what decided it.
 *
 * `affected`: the condition holds and the fix is neither in memory nor on disk.
 * `not-affected`: the condition does not hold. `fixed`: the fix is in at least one of memory and
 * disk; with `memory` other than `true` the host is still open until it boots from disk.
 * `unknown`: facts are missing, and any of the others may turn out to be so.
 */
export type Exposure =
  | (Deciding & { readonly verdict: 'affected' })
  | (Deciding & { readonly verdict: 'not-affected' })
  | (Deciding & { readonly verdict: 'fixed'; readonly memory: Truth; readonly disk: Truth })
  | (Deciding & { readonly verdict: 'unknown'; readonly missing: readonly FactName[] })

export type Verdict = Exposure['verdict']

interface Deciding {
  readonly xsa: number
  /** The findings that decide it: no other finding could change the verdict. */
  readonly because: readonly TestFinding[]
  /** False where the operator's policy does not count what the advisory allows. */
  readonly counts: boolean
}

/** Which impacts an operator counts. */
export interface ExposurePolicy {
  readonly denialOfServiceCounts: boolean
}
