import { advance, type VirtualAddress } from '../address/address.ts'
import type { Place } from '../hotfix/fix.ts'
import type { Image, ImageSymbol } from '../image/image.ts'
import type { PlanRefusal } from './plan-refusal.ts'

export interface ResolvedPlace {
  readonly kind: 'resolved'
  readonly symbol: ImageSymbol
  readonly address: VirtualAddress
}

/**
 * The address of a place that `change` of a fix names.
 *
 * The offset must stay inside a symbol that has a size: what lies behind it belongs to another.
 */
export function resolvePlace(
  image: Image,
  place: Place,
  change: number,
): ResolvedPlace | PlanRefusal {
  const lookup = image.find(place.symbol)
  if (lookup.kind === 'not-found') return { kind: 'symbol-not-found', change, place }
  if (lookup.kind === 'ambiguous') {
    return { kind: 'symbol-ambiguous', change, place, candidates: lookup.candidates }
  }
  const { symbol } = lookup
  if (place.offset > 0 && place.offset >= symbol.byteLength) {
    return { kind: 'offset-outside-symbol', change, place, byteLength: symbol.byteLength }
  }
  return { kind: 'resolved', symbol, address: advance(symbol.address, place.offset) }
}
