import type { ImpactKind } from './advisory.ts'
import type { TestFinding, Truth } from './condition.ts'
import type { FactName } from './host-facts.ts'
import type { FixPresence } from './fix-presence.ts'

/**
 * Whether one advisory hits one host, with what decided it.
 *
 * `affected`: the condition holds, the fix is not in memory, and it is not known to be on disk.
 * `not-affected`: the condition does not hold. `fixed`: the fix is in memory, on disk, or both;
 * unless `memory` is true, the host is still open until it boots from disk. `unknown`: facts are
 * missing, and any of the others may turn out to be so.
 */
export type Exposure =
  | (Deciding & { readonly verdict: 'affected'; readonly disk: 'false' | 'unknown' })
  | (Deciding & { readonly verdict: 'not-affected' })
  | (Deciding & { readonly verdict: 'fixed'; readonly memory: Truth; readonly disk: Truth })
  | (Deciding & { readonly verdict: 'unknown'; readonly missing: readonly FactName[] })

export type Verdict = Exposure['verdict']

interface Deciding {
  readonly xsa: number
  /** The findings that decide it. Facts that none of them names could not change the verdict. */
  readonly because: readonly TestFinding[]
  /** False where the operator's policy does not count what the advisory allows. */
  readonly counts: boolean
}

/** Which impacts an operator counts. */
export interface ExposurePolicy {
  readonly denialOfServiceCounts: boolean
}

/** The three answers that make a verdict. */
export interface Standing extends FixPresence {
  /** Whether the advisory's condition holds of the host. */
  readonly applies: Truth
}

/**
 * The verdict on a host.
 *
 * No advance in knowledge leads from `affected` to `not-affected`, or back: a condition that is
 * settled stays so.
 */
export function verdictOf({ applies, memory, disk }: Standing): Verdict {
  if (applies === 'false') return 'not-affected'
  if (memory === 'true') return 'fixed'
  if (applies === 'unknown') return 'unknown'
  if (disk === 'true') return 'fixed'
  return memory === 'false' ? 'affected' : 'unknown'
}

/**
 * Whether the hole is open in what runs now. A fix that is only on disk leaves it open.
 */
export function isOpen({ applies, memory }: Standing): Truth {
  if (applies === 'false' || memory === 'true') return 'false'
  return applies === 'true' && memory === 'false' ? 'true' : 'unknown'
}

/** Impacts that no source states count: they may be anything. */
export function impactsCount(
  impacts: readonly { readonly kind: ImpactKind }[],
  policy: ExposurePolicy,
): boolean {
  if (policy.denialOfServiceCounts || impacts.length === 0) return true
  return impacts.some(({ kind }) => kind !== 'denial-of-service')
}
