import type { VirtualAddress } from '../address/address.ts'
import type { AddressRange } from '../address/address-range.ts'
import type { Fix } from '../hotfix/fix.ts'
import { paddingBehindText } from '../image/free-bytes.ts'
import type { Image } from '../image/image.ts'
import { examineFix } from './examine-fix.ts'
import { mergedRanges } from './merged-ranges.ts'
import type { PlanRefusal } from './plan-refusal.ts'
import { relayNeighbourhood } from './relay-candidates.ts'
import { alignedUnits } from './store-unit.ts'

/** What of the running image a plan is made from, or why there can be no plan. */
export type PlanReads =
  | { readonly kind: 'reads'; readonly ranges: readonly AddressRange<VirtualAddress>[] }
  | { readonly kind: 'refused'; readonly refusals: readonly PlanRefusal[] }

/**
 * The live bytes that `planFix` needs for this fix: each site's aligned units, what a relay can
 * lie in, and the padding behind `.text`. By rising address, without overlaps.
 */
export function planReads(fix: Fix, image: Image): PlanReads {
  const { changes, refusals } = examineFix(fix, image)
  if (refusals.length > 0) return { kind: 'refused', refusals }
  const ranges = changes.map((change) => alignedUnits(change.site))
  for (const change of changes) {
    if (change.kind === 'detour' && change.safe.form === 'relay') {
      ranges.push(relayNeighbourhood(image, change.site.start))
    }
  }
  if (changes.some((change) => change.kind === 'detour')) ranges.push(paddingBehindText(image))
  return { kind: 'reads', ranges: mergedRanges(ranges) }
}
