import { advance, distance, type VirtualAddress } from '../address/address.ts'
import { type AddressRange, rangeEnd } from '../address/address-range.ts'
import type { Image } from '../image/image.ts'
import { NEAR_JUMP_BYTES, reachesShort, SHORT_JUMP_BYTES } from '../x86/jump.ts'
import type { FunctionSweeps } from './function-sweeps.ts'

/** Five bytes of the image that nothing executes, in reach of a `jmp rel8`. */
export interface RelayCandidate {
  readonly at: VirtualAddress
  readonly linked: Uint8Array
  /** What is linked in front of them, as many bytes as may belong to another jump that ends in them. */
  readonly linkedInFront: Uint8Array
  /** Where they lie, for people: `padding behind enable_nonboot_cpus`. */
  readonly place: string
}

/** The bytes in front of an address that a relay may have which ends behind it. */
const IN_FRONT_BYTES = NEAR_JUMP_BYTES - 1

/** The part of `.text` in which a relay for a `jmp rel8` at `site` can lie, and what is in front. */
export function relayNeighbourhood(
  image: Image,
  site: VirtualAddress,
): AddressRange<VirtualAddress> {
  const lowest = advance(site, SHORT_JUMP_BYTES - 0x80 - IN_FRONT_BYTES)
  const highest = advance(site, SHORT_JUMP_BYTES + 0x7f + NEAR_JUMP_BYTES)
  const textEnd = rangeEnd(image.text)
  const start = lowest > image.text.start ? lowest : image.text.start
  return { start, byteLength: distance(start, highest < textEnd ? highest : textEnd) }
}

/**
 * Where a relay for a `jmp rel8` at `site` can go, in the image as linked: padding between
 * functions first, then NOPs inside functions that nothing executes, the nearest first.
 *
 * Candidates may overlap one another. Whether the bytes are still free in the running image is
 * the caller's question.
 */
export function relayCandidates(
  sweeps: FunctionSweeps,
  site: VirtualAddress,
): readonly RelayCandidate[] {
  const runs = sweeps.freeRuns.near(relayNeighbourhood(sweeps.image, site))
  const found: (RelayCandidate & { readonly insideFunction: boolean })[] = []
  for (const run of runs) {
    for (let offset = 0; offset + NEAR_JUMP_BYTES <= run.byteLength; offset++) {
      const at = advance(run.start, offset)
      const linked = sweeps.image.bytesAt({ start: at, byteLength: NEAR_JUMP_BYTES })
      if (linked === undefined || !reachesShort(site, at)) continue
      const linkedInFront = sweeps.image.bytesAt(inFrontOf(sweeps.image, at)) ?? new Uint8Array()
      const { place, insideFunction } = run
      found.push({ at, linked, linkedInFront, place, insideFunction })
    }
  }
  const away = (at: VirtualAddress): number => Math.abs(distance(site, at))
  return found
    .toSorted(
      (a, b) =>
        Number(a.insideFunction) - Number(b.insideFunction) ||
        away(a.at) - away(b.at) ||
        distance(b.at, a.at),
    )
    .map(({ at, linked, linkedInFront, place }) => ({ at, linked, linkedInFront, place }))
}

function inFrontOf(image: Image, at: VirtualAddress): AddressRange<VirtualAddress> {
  const byteLength = Math.min(IN_FRONT_BYTES, distance(image.text.start, at))
  return { start: advance(at, -byteLength), byteLength }
}
