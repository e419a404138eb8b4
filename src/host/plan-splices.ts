import type { AddressRange } from '../address/address-range.ts'
import type { VirtualAddress } from '../address/address.ts'
import type { Bundle } from '../hotfix/bundle.ts'
import type { Image } from '../image/image.ts'
import type { LiveBytes } from '../splice/live-bytes.ts'
import { stagedPlaces } from '../splice/journal-history.ts'
import { examinePayload } from '../splice/payload/examine-payload.ts'
import { payloadReads } from '../splice/payload/payload-reads.ts'
import { planPayloadSplice } from '../splice/payload/plan-payload-splice.ts'
import type { SpliceRefusal } from '../splice/payload/splice-refusal.ts'
import type { UnusedVendor } from '../hotfix/splice-study.ts'
import { planFix } from '../splice/plan-fix.ts'
import { planReads } from '../splice/plan-reads.ts'
import type { PlanRefusal } from '../splice/plan-refusal.ts'
import type { SplicePlan } from '../splice/plan.ts'
import { spliceSourceOf } from './splice-source.ts'

/** What speaks against splicing a hotfix. */
export type NoSplices =
  /** It has no splice form. */
  | { readonly kind: 'no-splice-form'; readonly reasons: readonly string[] }
  /** Changes written by hand. */
  | { readonly kind: 'not-plannable'; readonly refusals: readonly PlanRefusal[] }
  /** A payload. */
  | { readonly kind: 'not-spliceable'; readonly refusals: readonly SpliceRefusal[] }

export type SplicePlanned = { readonly kind: 'planned'; readonly plan: SplicePlan } | NoSplices

/** A hotfix that was held against an image, to be planned once its live bytes are read. */
export interface SplicePlanner {
  readonly kind: 'planner'
  readonly reads: readonly AddressRange<VirtualAddress>[]
  /** `previous` is the plan of the last transaction for it in this boot. */
  readonly plan: (live: LiveBytes, previous: SplicePlan | undefined) => SplicePlanned
}

/**
 * Prepares the plan by which the DMA channel brings a hotfix in, whether written or built.
 *
 * `reuse` allows a payload's code to lie over code for that vendor's CPUs; see `examinePayload`.
 */
export function prepareSplices(
  hotfix: Bundle,
  image: Image,
  reuse: UnusedVendor | undefined,
): SplicePlanner | NoSplices {
  const source = spliceSourceOf(hotfix)
  switch (source.kind) {
    case 'none':
      return { kind: 'no-splice-form', reasons: source.reasons }
    case 'written': {
      const { fix } = source
      const needed = planReads(fix, image)
      if (needed.kind === 'refused') return { ...needed, kind: 'not-plannable' }
      const plan = (live: LiveBytes, previous: SplicePlan | undefined): SplicePlanned => {
        const planned = planFix({ fix, image, live, preferred: stagedPlaces(previous) })
        return planned.kind === 'planned' ? planned : { ...planned, kind: 'not-plannable' }
      }
      return { kind: 'planner', reads: needed.ranges, plan }
    }
    case 'payload': {
      const { payload, study, sideBySide } = source
      const { name, advisory = name } = hotfix.manifest
      const examined = examinePayload({ name, advisory, payload, image, reuse, sideBySide }, study)
      if (examined.kind === 'refused') return { ...examined, kind: 'not-spliceable' }
      const plan = (live: LiveBytes, previous: SplicePlan | undefined): SplicePlanned => {
        const planned = planPayloadSplice({ examined, live, previous })
        return planned.kind === 'planned' ? planned : { ...planned, kind: 'not-spliceable' }
      }
      return { kind: 'planner', reads: payloadReads(examined), plan }
    }
  }
}
