import { advance, distance, type VirtualAddress } from '../address/address.ts'
import { type AddressRange, overlaps, rangeEnd } from '../address/address-range.ts'
import { relayCandidates as relayPadding } from '../image/free-bytes.ts'
import type { Image, ImageSymbol } from '../image/image.ts'
import { endsFlow } from '../x86/instruction.ts'
import { NEAR_JUMP_BYTES, reachesShort, SHORT_JUMP_BYTES } from '../x86/jump.ts'
import { unreachedNops } from '../x86/unreached-nops.ts'
import type { FunctionSweeps } from './function-sweeps.ts'

/** Five bytes of the image that nothing executes, in reach of a `jmp rel8`. */
export interface RelayCandidate {
  readonly at: VirtualAddress
  readonly linked: Uint8Array
  /** Where they lie, for people: `padding behind enable_nonboot_cpus`. */
  readonly place: string
}

interface FreeRun extends AddressRange<VirtualAddress> {
  readonly insideFunction: boolean
  readonly place: string
}

/** The part of `.text` in which a relay for a `jmp rel8` at `site` can lie. */
export function relayNeighbourhood(
  image: Image,
  site: VirtualAddress,
): AddressRange<VirtualAddress> {
  const lowest = advance(site, SHORT_JUMP_BYTES - 0x80)
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
  const runs = freeRuns(sweeps, site)
  const found: (RelayCandidate & { readonly insideFunction: boolean })[] = []
  for (const run of runs) {
    for (let offset = 0; offset + NEAR_JUMP_BYTES <= run.byteLength; offset++) {
      const at = advance(run.start, offset)
      const linked = sweeps.image.bytesAt({ start: at, byteLength: NEAR_JUMP_BYTES })
      if (linked === undefined || !reachesShort(site, at)) continue
      found.push({ at, linked, place: run.place, insideFunction: run.insideFunction })
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
    .map(({ at, linked, place }) => ({ at, linked, place }))
}

function freeRuns(sweeps: FunctionSweeps, site: VirtualAddress): readonly FreeRun[] {
  const near = relayNeighbourhood(sweeps.image, site)
  const between = relayPadding(sweeps.image, site, FURTHEST_BYTES)
    .filter(({ behind }) => isLeftBehind(sweeps, behind))
    .map(({ start, byteLength, behind }) => {
      const range = { start, byteLength }
      return { ...range, insideFunction: false, place: `padding behind ${behind.name}` }
    })
  const functions = new Set<ImageSymbol>()
  for (const symbol of sweeps.image.symbols) {
    const range = { start: symbol.address, byteLength: symbol.byteLength }
    if (symbol.kind === 'function' && overlaps(range, near)) functions.add(symbol)
  }
  const inside = [...functions].flatMap((symbol) => runsInside(sweeps, symbol))
  return [...between, ...inside]
}

/** How far a `jmp rel8` reaches, from its own first byte, on its longer side. */
const FURTHEST_BYTES = SHORT_JUMP_BYTES + 0x7f

function runsInside(sweeps: FunctionSweeps, symbol: ImageSymbol): readonly FreeRun[] {
  const sweep = sweeps.of(symbol)
  if (sweep.kind !== 'clean') return []
  return unreachedNops(sweep).map((run) => ({
    start: advance(symbol.address, run.offset),
    byteLength: run.byteLength,
    insideFunction: true,
    place: `unreached bytes of ${symbol.name}`,
  }))
}

/**
 * Whether execution never passes the function's end.
 *
 * Hand-written assembly may run through the padding behind it into the next label.
 */
function isLeftBehind(sweeps: FunctionSweeps, symbol: ImageSymbol): boolean {
  const sweep = sweeps.of(symbol)
  if (sweep.kind !== 'clean') return false
  const last = sweep.instructions.at(-1)
  if (last !== undefined && endsFlow(last)) return true
  // The symbol's size may take in padding at its end.
  return unreachedNops(sweep).some((run) => run.offset + run.byteLength === sweep.byteLength)
}
