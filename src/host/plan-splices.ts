import type { AddressRange } from '../address/address-range.ts'
import type { VirtualAddress } from '../address/address.ts'
import type { Bundle } from '../hotfix/bundle.ts'
import type { Image } from '../image/image.ts'
import type { LiveBytes } from '../splice/live-bytes.ts'
import { planFix } from '../splice/plan-fix.ts'
import { planReads } from '../splice/plan-reads.ts'
import type { PlanRefusal } from '../splice/plan-refusal.ts'
import type { SplicePlan } from '../splice/plan.ts'
import { spliceSourceOf } from './splice-source.ts'

/** What speaks against splicing a hotfix. */
export type NoSplices =
  | { readonly kind: 'refused'; readonly refusals: readonly PlanRefusal[] }
  /** It has no splice form. */
  | { readonly kind: 'none'; readonly reasons: readonly string[] }

export type SpliceReads =
  | { readonly kind: 'reads'; readonly ranges: readonly AddressRange<VirtualAddress>[] }
  | NoSplices

export type SplicePlanned = { readonly kind: 'planned'; readonly plan: SplicePlan } | NoSplices

/** The live bytes that `planSplices` needs. */
export function spliceReads(hotfix: Bundle, image: Image): SpliceReads {
  const source = spliceSourceOf(hotfix)
  switch (source.kind) {
    case 'none':
      return source
    case 'written':
      return planReads(source.fix, image)
    case 'payload':
      return { kind: 'none', reasons: ['this release does not splice payloads yet'] }
  }
}

/** The plan by which the DMA channel brings a hotfix in, whether written or built. */
export function planSplices(
  hotfix: Bundle,
  input: {
    readonly image: Image
    readonly live: LiveBytes
    readonly preferred?: ReadonlyMap<number, VirtualAddress>
  },
): SplicePlanned {
  const source = spliceSourceOf(hotfix)
  switch (source.kind) {
    case 'none':
      return source
    case 'written':
      return planFix({ fix: source.fix, ...input })
    case 'payload':
      return { kind: 'none', reasons: ['this release does not splice payloads yet'] }
  }
}
