import { copyBytes } from '../address/copy-bytes.ts'
import type { FixState } from './fix-state.ts'
import type { SplicePlan } from './plan.ts'
import { rangeOf } from './plan-shape.ts'
import { stateOf, writeStateOf } from './state-of.ts'
import { distance } from '../address/address.ts'
import { overlaps } from '../address/address-range.ts'

/** A plan, and the bytes found at each of its writes. */
export interface FoundPlan {
  readonly plan: SplicePlan
  readonly found: readonly Uint8Array[]
}

/**
 * The state of the lower of two fixes, one of which stands on the other.
 *
 * Where the upper one's bytes are in place, the lower one counts as it was beneath them. That the
 * upper fix may put back the very bytes that the lower one replaced is the reason for asking in
 * this order: first without the upper fix, and only if that fits nothing, with it.
 */
export function lowerState(lower: FoundPlan, upper: FoundPlan): FixState {
  const alone = stateOf(lower.plan, lower.found)
  if (alone.kind === 'applied' || alone.kind === 'not-applied') return alone
  const beneath = stateOf(
    lower.plan,
    lower.found.map((bytes, index) => withoutUpper(lower, index, bytes, upper)),
  )
  return beneath.kind === 'applied' ? beneath : alone
}

/** The bytes of one write with the upper fix's bytes taken off. */
function withoutUpper(
  lower: FoundPlan,
  index: number,
  bytes: Uint8Array,
  upper: FoundPlan,
): Uint8Array {
  const write = lower.plan.writes[index]
  if (write === undefined) return bytes
  const result = copyBytes(bytes)
  upper.plan.writes.forEach((over, at) => {
    const found = upper.found[at]
    if (found === undefined || !overlaps(rangeOf(over), rangeOf(write))) return
    if (writeStateOf(over, found) !== 'after') return
    over.before.forEach((byte, offset) => {
      const target = distance(write.at, over.at) + offset
      if (target >= 0 && target < result.length) result[target] = byte
    })
  })
  return result
}
