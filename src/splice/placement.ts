import { advance, type VirtualAddress } from '../address/address.ts'
import { type AddressRange, contains, overlaps } from '../address/address-range.ts'
import { encodeNearJump, NEAR_JUMP_BYTES, nearJumpTarget, shortJumpTarget } from '../x86/jump.ts'
import type { ExaminedDetour } from './examine-fix.ts'
import { linkCode } from './link-code.ts'
import type { LiveBytes } from './live-bytes.ts'
import { CODE_ALIGNMENT, freePlace, type Padding } from './padding.ts'
import type { PlanRefusal } from './plan-refusal.ts'
import type { RelayCandidate } from './relay-candidates.ts'

/** Where a detour's code lies, and its relay where it needs one. */
export interface Placement {
  readonly code: AddressRange<VirtualAddress>
  readonly bytes: Uint8Array
  readonly relay: RelayCandidate | undefined
}

export type Placements =
  | { readonly kind: 'placed'; readonly placements: ReadonlyMap<ExaminedDetour, Placement> }
  | { readonly kind: 'refused'; readonly refusals: readonly PlanRefusal[] }

/**
 * Places the code of all detours: where the running image already has it, else where it was meant
 * to go before (`preferred`), else in free padding.
 *
 * What is there already decides first, so a fix that is applied, wholly or in part, gets the plan
 * it was applied by. No two detours share a byte.
 */
export function placeDetours(
  detours: readonly ExaminedDetour[],
  input: {
    readonly padding: Padding
    /** Bytes that no relay may take: the sites of all changes. */
    readonly sites: readonly AddressRange<VirtualAddress>[]
    readonly preferred: ReadonlyMap<number, VirtualAddress>
  },
): Placements {
  const { padding } = input
  const taken: AddressRange<VirtualAddress>[] = []
  const relaysTaken = [...input.sites]
  const known = new Map<ExaminedDetour, Found>()
  for (const detour of detours) {
    const found = findStaged(detour, padding, input.preferred.get(detour.index), taken)
    if (found === undefined) continue
    known.set(detour, found)
    taken.push({ start: found.at, byteLength: detour.change.code.bytes.byteLength })
    if (found.relay !== undefined) relaysTaken.push(relayRange(found.relay))
  }
  const refusals: PlanRefusal[] = []
  const placements = new Map<ExaminedDetour, Placement>()
  for (const detour of detours) {
    const { byteLength } = detour.change.code.bytes
    const found = known.get(detour)
    const at = found?.at ?? freePlace(padding, byteLength, taken)
    if (at === undefined) {
      refusals.push({ kind: 'no-room-in-padding', change: detour.index, byteLength })
      continue
    }
    const code = { start: at, byteLength }
    if (found === undefined) taken.push(code)
    const relay = found?.relay ?? chooseRelay(detour, at, padding.live, relaysTaken)
    if (relay === 'none-free') {
      const reason = { kind: 'no-relay-in-reach' } as const
      const place = detour.change.at
      refusals.push({ kind: 'not-splice-safe', change: detour.index, place, reason })
      continue
    }
    if (relay !== undefined) relaysTaken.push(relayRange(relay))
    placements.set(detour, { code, bytes: linkedAt(detour, at), relay })
  }
  return refusals.length > 0 ? { kind: 'refused', refusals } : { kind: 'placed', placements }
}

interface Found {
  readonly at: VirtualAddress
  /** The relay that the site jumps to, if the site is switched already. */
  readonly relay: RelayCandidate | undefined
}

/** Where the running image has the detour's code, or where it was begun to be put. */
function findStaged(
  detour: ExaminedDetour,
  padding: Padding,
  preferred: VirtualAddress | undefined,
  taken: readonly AddressRange<VirtualAddress>[],
): Found | undefined {
  const switched = followSite(detour, padding.live)
  if (switched !== undefined && mayLieAt(detour, switched.at, padding, taken)) return switched
  if (preferred === undefined || !mayLieAt(detour, preferred, padding, taken)) return undefined
  return { at: preferred, relay: undefined }
}

/** Where the live site's jump leads to, by way of a relay if it is a short one. */
function followSite(detour: ExaminedDetour, live: LiveBytes): Found | undefined {
  const { safe } = detour
  const bytes = live.bytesAt(safe.store)
  if (bytes === undefined) return undefined
  if (safe.form === 'near') {
    const at = nearJumpTarget(bytes, safe.store.start)
    return at === undefined ? undefined : { at, relay: undefined }
  }
  const hop = shortJumpTarget(bytes, safe.store.start)
  const relay = safe.candidates.find((candidate) => candidate.at === hop)
  const relayBytes = relay && live.bytesAt(relayRange(relay))
  const at = relay && relayBytes && nearJumpTarget(relayBytes, relay.at)
  return at === undefined ? undefined : { at, relay }
}

/**
 * Whether the detour's code lies at `at`, or can have been begun there: each live byte is the
 * padding's or the code's.
 */
function mayLieAt(
  detour: ExaminedDetour,
  at: VirtualAddress,
  padding: Padding,
  taken: readonly AddressRange<VirtualAddress>[],
): boolean {
  const range = { start: at, byteLength: detour.change.code.bytes.byteLength }
  if (at % BigInt(CODE_ALIGNMENT) !== 0n || !contains(padding.usable, range)) return false
  if (taken.some((other) => overlaps(other, range))) return false
  const live = padding.live.bytesAt(range)
  const code = linkedAt(detour, at)
  return live?.every((byte, index) => byte === padding.fill || byte === code[index]) === true
}

/**
 * The relay for a detour whose code lies at `target`: one that was begun before, else the first
 * that is free. Undefined where the site needs none.
 */
function chooseRelay(
  { safe }: ExaminedDetour,
  target: VirtualAddress,
  live: LiveBytes,
  taken: readonly AddressRange<VirtualAddress>[],
): RelayCandidate | 'none-free' | undefined {
  if (safe.form === 'near') return undefined
  let free: RelayCandidate | undefined
  for (const candidate of safe.candidates) {
    const range = relayRange(candidate)
    if (taken.some((other) => overlaps(other, range))) continue
    const found = live.bytesAt(range)
    const jump = encodeNearJump(candidate.at, target)
    if (found === undefined) continue
    const isOurs = (byte: number, index: number): boolean =>
      byte === jump[index] || byte === candidate.linked[index]
    if (!found.every(isOurs)) continue
    if (found.some((byte, index) => byte !== candidate.linked[index])) return candidate
    if (free === undefined && isLeftInFront(candidate, live, taken)) free = candidate
  }
  return free ?? 'none-free'
}

/**
 * Whether no other fix's relay ends in the candidate's bytes: the last bytes of a jump may be those
 * that were linked at their place.
 */
function isLeftInFront(
  { at, linkedInFront }: RelayCandidate,
  live: LiveBytes,
  taken: readonly AddressRange<VirtualAddress>[],
): boolean {
  const { byteLength } = linkedInFront
  const start = advance(at, -byteLength)
  const found = live.bytesAt({ start, byteLength })
  const isTaken = (index: number): boolean =>
    taken.some((range) => contains(range, { start: advance(start, index), byteLength: 1 }))
  return found?.every((byte, index) => byte === linkedInFront[index] || isTaken(index)) === true
}

function relayRange(relay: RelayCandidate): AddressRange<VirtualAddress> {
  return { start: relay.at, byteLength: NEAR_JUMP_BYTES }
}

function linkedAt(detour: ExaminedDetour, at: VirtualAddress): Uint8Array {
  const linked = linkCode(detour.change.code, at, detour.targets)
  // Examined for both ends of the padding.
  if (linked.kind !== 'linked') throw new RangeError('Code does not reach out of the padding')
  return linked.bytes
}
