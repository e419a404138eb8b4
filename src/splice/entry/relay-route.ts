import { advance, distance, type VirtualAddress } from '../../address/address.ts'
import { type AddressRange, overlaps } from '../../address/address-range.ts'
import { copyBytes } from '../../address/copy-bytes.ts'
import { NEAR_JUMP_BYTES, reachesShort, SHORT_JUMP_BYTES } from '../../x86/jump.ts'
import type { FunctionSweeps } from '../function-sweeps.ts'
import { relayNeighbourhood } from '../relay-candidates.ts'
import type { EntryAsk, EntryRelay } from './entry-switch.ts'

/** How many jumps a route may have. Each is one more write to make and to take back. */
const MAX_RELAYS = 8

/** A place for a jump, and the one that leads to it. */
interface Stop extends AddressRange<VirtualAddress> {
  readonly from: Stop | undefined
  readonly insideFunction: boolean
  readonly place: string
}

/**
 * The shortest way from a `jmp rel8` at `site` to a `jmp rel32`, over free bytes of the image.
 *
 * Of ways equally short it takes one by padding between functions before one by NOPs inside them,
 * then the one whose last jump is nearest to its predecessor. Undefined where there is none.
 */
export function findRelayRoute(
  sweeps: FunctionSweeps,
  site: VirtualAddress,
  isFree: EntryAsk['isFree'],
): readonly EntryRelay[] | undefined {
  const seen = new Set<VirtualAddress>()
  let reached: readonly Stop[] = [
    {
      start: site,
      byteLength: SHORT_JUMP_BYTES,
      from: undefined,
      insideFunction: false,
      place: '',
    },
  ]
  for (let relays = 1; relays <= MAX_RELAYS && reached.length > 0; relays++) {
    for (const from of reached) {
      const last = places(sweeps, from, NEAR_JUMP_BYTES, isFree)[0]
      if (last !== undefined) return routeTo(sweeps, last)
    }
    const next: Stop[] = []
    for (const from of reached) {
      for (const stop of places(sweeps, from, SHORT_JUMP_BYTES, isFree)) {
        if (seen.has(stop.start)) continue
        seen.add(stop.start)
        next.push(stop)
      }
    }
    reached = next
  }
  return undefined
}

/** Free bytes for a jump of `byteLength` in reach of the jump at `from`, the best first. */
function places(
  sweeps: FunctionSweeps,
  from: Stop,
  byteLength: number,
  isFree: EntryAsk['isFree'],
): readonly Stop[] {
  const stops: Stop[] = []
  for (const run of sweeps.freeRuns.near(relayNeighbourhood(sweeps.image, from.start))) {
    for (let offset = 0; offset + byteLength <= run.byteLength; offset++) {
      const range = { start: advance(run.start, offset), byteLength }
      if (!reachesShort(from.start, range.start)) continue
      if (isOnRoute(from, range) || !isFree(range)) continue
      stops.push({ ...range, from, insideFunction: run.insideFunction, place: run.place })
    }
  }
  const away = (stop: Stop): number => Math.abs(distance(from.start, stop.start))
  return stops.toSorted(
    (a, b) => Number(a.insideFunction) - Number(b.insideFunction) || away(a) - away(b),
  )
}

/** Whether the range shares a byte with a jump that leads here. */
function isOnRoute(from: Stop, range: AddressRange<VirtualAddress>): boolean {
  for (let stop: Stop | undefined = from; stop !== undefined; stop = stop.from) {
    if (overlaps(stop, range)) return true
  }
  return false
}

function routeTo(sweeps: FunctionSweeps, last: Stop): readonly EntryRelay[] | undefined {
  const relays: EntryRelay[] = []
  for (let stop = last; stop.from !== undefined; stop = stop.from) {
    const before = sweeps.image.bytesAt({ start: stop.start, byteLength: stop.byteLength })
    if (before === undefined) return undefined
    relays.push({ at: stop.start, before: copyBytes(before), place: stop.place })
  }
  return relays.toReversed()
}
