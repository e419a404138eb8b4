import { distance, type VirtualAddress } from '../../address/address.ts'
import { copyBytes } from '../../address/copy-bytes.ts'
import { overlaps } from '../../address/address-range.ts'
import { imageBugFrames } from '../../image/image-tables.ts'
import type { Image } from '../../image/image.ts'
import { linkPayload, type LinkedFunction } from '../../payload/link-payload.ts'
import type { EntryRelay, EntrySwitch, EntryWrite } from '../entry/entry-switch.ts'
import { linkEntrySwitch } from '../entry/link-entry-switch.ts'
import type { LiveBytes } from '../live-bytes.ts'
import { recognisePadding } from '../padding.ts'
import type { PlannedWrite, SplicePlan } from '../plan.ts'
import { rangeOf } from '../plan-shape.ts'
import { applyAlternatives } from './apply-alternatives.ts'
import { changedEntries } from './changed-entries.ts'
import type { ExaminedPayload } from './examine-payload.ts'
import {
  freshLayout,
  knownLayout,
  type KnownPlaces,
  type PayloadLayout,
  placesOfPlan,
  stagePieces,
} from './payload-layout.ts'
import { placesInMemory } from './places-in-memory.ts'
import type { SpliceRefusal } from './splice-refusal.ts'
import { paddingRun, Room, ROOM_UNIT_BYTES } from './room.ts'

export interface PayloadSpliceInput {
  readonly examined: ExaminedPayload
  /** At least the ranges of `payloadReads`. */
  readonly live: LiveBytes
  /** The plan of the last transaction for this hotfix in this boot, as the journal has it. */
  readonly previous?: SplicePlan | undefined
}

export type PlannedPayloadSplice =
  | { readonly kind: 'planned'; readonly plan: SplicePlan }
  | { readonly kind: 'refused'; readonly refusals: readonly SpliceRefusal[] }

/**
 * Plans every byte that splices a payload in, or says everything that speaks against it.
 *
 * Pure: equal inputs give equal plans. While memory holds any of the previous plan, and nothing
 * else at its places, that plan is made again; it is by its places that memory can be told. Without
 * the previous plan, a payload that is wholly in memory is found by its own jumps. All writes belong
 * to one change, for every switch may lead to all of the code.
 */
export function planPayloadSplice({
  examined,
  live,
  previous,
}: PayloadSpliceInput): PlannedPayloadSplice {
  const { image } = examined.order
  const padding = recognisePadding(image, live)
  if (padding.kind === 'missing') return refused({ ...padding, kind: 'live-bytes-missing' })
  if (padding.kind === 'not-recognised') {
    return refused({ ...padding, kind: 'padding-not-recognised' })
  }
  const newRoom = (): Room => new Room([paddingRun(padding), ...examined.unrunnable], live)
  const again = (places: KnownPlaces | undefined): PlannedPayloadSplice | undefined => {
    const layout = places && knownLayout(examined, places, newRoom())
    const plan = layout && build(examined, live, layout)
    return plan?.kind === 'planned' && fits(plan.plan, live) ? plan : undefined
  }
  const asBefore = again(previous && placesOfPlan(examined, previous))
  if (asBefore !== undefined) return asBefore
  const changed = changedEntries(examined, live)
  if (changed.length > 0) {
    return again(placesInMemory(examined, live)) ?? { kind: 'refused', refusals: changed }
  }
  return build(examined, live, freshLayout(examined, live, newRoom()))
}

function refused(...refusals: readonly SpliceRefusal[]): PlannedPayloadSplice {
  return { kind: 'refused', refusals }
}

/** Whether memory holds nothing at the plan's places but its old bytes and its new ones. */
function fits({ writes }: SplicePlan, live: LiveBytes): boolean {
  return writes.every((write) =>
    live
      .bytesAt(rangeOf(write))
      ?.every((byte, index) => byte === write.before[index] || byte === write.after[index]),
  )
}

function build(
  examined: ExaminedPayload,
  live: LiveBytes,
  layout: PayloadLayout,
): PlannedPayloadSplice {
  const { payload, image, name, advisory } = examined.order
  const placed = layout.placeSections()
  if (placed.kind === 'refused') return placed
  const linked = linkPayload(payload, new Map([...examined.shared, ...placed.places]), image)
  if (linked.kind === 'refused') {
    return refused(
      ...linked.refusals.map((refusal) => ({ kind: 'not-linkable', refusal }) as const),
    )
  }
  const code = new Map(linked.sections.map(({ section, bytes }) => [section, bytes]))
  const patched = applyAlternatives(code, linked.alternatives, image, live)
  if (patched.kind === 'refused') return patched
  const stages: EntryWrite[] = []
  const unfit: SpliceRefusal[] = []
  for (const { section, name: sectionName } of examined.toPlace) {
    const start = placed.places.get(section)
    const after = patched.sections.get(section)
    // Both were made from `toPlace`.
    if (start === undefined || after === undefined) throw new RangeError(`No ${sectionName}`)
    const whole = { start, byteLength: after.byteLength }
    const met = metBugFrame(image, start, after)
    if (met !== undefined) unfit.push({ kind: 'meets-bug-frame', section: sectionName, at: met })
    if (looksFree(layout.spot(whole).before, after)) {
      unfit.push({ kind: 'looks-like-padding', section: sectionName })
    }
    for (const piece of stagePieces(whole)) {
      const offset = distance(start, piece.start)
      const bytes = copyBytes(after, offset, offset + piece.byteLength)
      stages.push({ role: 'stage', at: piece.start, after: bytes, ...layout.spot(piece) })
    }
  }
  if (unfit.length > 0) return refused(...unfit)
  const switched = switchWrites(examined, linked.functions, layout)
  if (switched.kind === 'refused') return switched
  const all = [...stages, ...switched.writes]
  const writes = (['stage', 'relay', 'switch'] as const).flatMap((role) =>
    all.flatMap((write): PlannedWrite[] => (write.role === role ? [{ ...write, change: 0 }] : [])),
  )
  return { kind: 'planned', plan: { fix: name, advisory, buildId: image.buildId, writes } }
}

/** Where new code would have a `ud2` that the image has a bug frame for. */
function metBugFrame(
  image: Image,
  start: VirtualAddress,
  code: Uint8Array,
): VirtualAddress | undefined {
  return imageBugFrames(image)
    .map(({ at }) => at)
    .find((at) => {
      const offset = at - start
      if (offset < 0n || offset >= BigInt(code.byteLength)) return false
      return code[Number(offset)] === 0x0f && code[Number(offset) + 1] === 0x0b
    })
}

/** Whether a unit of room would look free with these bytes in it, as zeros in padding do. */
function looksFree(before: Uint8Array, after: Uint8Array): boolean {
  for (let at = 0; at < after.byteLength; at += ROOM_UNIT_BYTES) {
    const unit = after.subarray(at, at + ROOM_UNIT_BYTES)
    if (unit.every((byte, index) => byte === before[at + index])) return true
  }
  return false
}

function switchWrites(
  { functions, entries }: ExaminedPayload,
  linked: readonly LinkedFunction[],
  layout: PayloadLayout,
):
  | { readonly kind: 'linked'; readonly writes: readonly EntryWrite[] }
  | { readonly kind: 'refused'; readonly refusals: readonly SpliceRefusal[] } {
  const writes: EntryWrite[] = []
  const refusals: SpliceRefusal[] = []
  const relays: EntryRelay[] = []
  const isUnused = (range: { start: VirtualAddress; byteLength: number }): boolean =>
    layout.isFree(range) && !relays.some((relay) => overlaps(rangeOfRelay(relay), range))
  for (const { symbol, name, reachedBy, unread } of functions) {
    const target = linked.find(({ oldAddress }) => oldAddress === symbol.address)?.newAddress
    if (reachedBy === undefined || target === undefined) continue
    const found = entries.find(symbol, { isFree: isUnused, unread })
    if (found.kind === 'cannot') {
      refusals.push({ kind: 'entry-fixed', function: name, fixed: found })
      continue
    }
    for (const relay of found.relays) layout.reserve(rangeOfRelay(relay))
    relays.push(...found.relays)
    const made = linkOne(found, target, layout)
    if (made.kind === 'refused') refusals.push(...made.refusals)
    else writes.push(...made.writes)
  }
  return refusals.length > 0 ? { kind: 'refused', refusals } : { kind: 'linked', writes }
}

function linkOne(
  entry: EntrySwitch,
  target: VirtualAddress,
  layout: PayloadLayout,
):
  | { readonly kind: 'linked'; readonly writes: readonly EntryWrite[] }
  | { readonly kind: 'refused'; readonly refusals: readonly SpliceRefusal[] } {
  const { stubByteLength } = entry
  const stub = stubByteLength === 0 ? undefined : layout.placeStub(entry)
  if (stub?.kind === 'refused') return stub
  const linked = linkEntrySwitch(entry, target, stub)
  if (linked.kind === 'out-of-reach') return { kind: 'refused', refusals: [linked] }
  // A jump may end with the first bytes of a unit, and with zeros.
  if (
    !linked.writes.some(({ role, before, after }) => role === 'stage' && looksFree(before, after))
  ) {
    return linked
  }
  const section = `the stub of ${entry.function.name}`
  return { kind: 'refused', refusals: [{ kind: 'looks-like-padding', section }] }
}

function rangeOfRelay({ at, before }: EntryRelay) {
  return { start: at, byteLength: before.byteLength }
}
