/**
 * Where the parts of a spliced payload lie: anew, or as they lay before.
 *
 * @module
 */

import { advance, distance, type VirtualAddress } from '../../address/address.ts'
import { type AddressRange, contains } from '../../address/address-range.ts'
import { copyBytes } from '../../address/copy-bytes.ts'
import { NEAR_JUMP_BYTES } from '../../x86/jump.ts'
import type { EntrySwitch, EntryWrite, StubPlace } from '../entry/entry-switch.ts'
import type { LiveBytes } from '../live-bytes.ts'
import { rangeOf } from '../plan-shape.ts'
import type { SplicePlan } from '../plan.ts'
import type { ExaminedPayload } from './examine-payload.ts'
import type { SpliceRefusal } from './splice-refusal.ts'
import type { Room } from './room.ts'

type Refused = { readonly kind: 'refused'; readonly refusals: readonly SpliceRefusal[] }

/** Decides about places as a plan asks for them. Each is good for one plan. */
export interface PayloadLayout {
  placeSections():
    | { readonly kind: 'placed'; readonly places: ReadonlyMap<number, VirtualAddress> }
    | Refused
  placeStub(entry: EntrySwitch): (StubPlace & { readonly kind: 'placed' }) | Refused
  /** Whether a relay may lie there. */
  isFree(range: AddressRange<VirtualAddress>): boolean
  /** Keeps what comes later from lying where a relay was put. */
  reserve(range: AddressRange<VirtualAddress>): void
  /** What a plan says of the place of a part. */
  spot(range: AddressRange<VirtualAddress>): Pick<EntryWrite, 'before' | 'place' | 'why'>
}

/** Takes what is free: the largest sections first, so that small ones fill what they leave. */
export function freshLayout(
  { toPlace, order: { image } }: ExaminedPayload,
  live: LiveBytes,
  room: Room,
): PayloadLayout {
  return {
    placeSections: () => {
      const places = new Map<number, VirtualAddress>()
      const refusals: SpliceRefusal[] = []
      for (const part of toPlace.toSorted((a, b) => b.byteLength - a.byteLength)) {
        const { byteLength, alignment, name } = part
        const at = room.take({ byteLength, alignment })
        if (at === undefined) refusals.push(noRoom(room, name, byteLength))
        else places.set(part.section, at)
      }
      return refusals.length > 0 ? { kind: 'refused', refusals } : { kind: 'placed', places }
    },
    placeStub: (entry) => {
      const { stubByteLength: byteLength, function: switched } = entry
      const at = room.take({ byteLength, alignment: 1 })
      if (at !== undefined) return stubPlace(room, { start: at, byteLength })
      return {
        kind: 'refused',
        refusals: [noRoom(room, `the stub of ${switched.name}`, byteLength)],
      }
    },
    isFree: (range) => {
      // The last bytes of another plan's jump may be the linked ones by chance.
      const around = {
        start: advance(range.start, 1 - NEAR_JUMP_BYTES),
        byteLength: range.byteLength + NEAR_JUMP_BYTES - 1,
      }
      const linked = image.bytesAt(around)
      const found = live.bytesAt(around)
      return !room.isTaken(range) && linked !== undefined && sameBytes(linked, found)
    },
    reserve: (range) => room.reserve(range),
    spot: (range) => spotIn(room, range),
  }
}

/**
 * No engine carries less in one transfer, even where it replaces whole sectors of 512 bytes: the
 * smallest limit is 2,048 bytes (`src/device/edu.ts`).
 */
const STAGE_BYTES = 1024

/** The runs in which a section is staged, one write each. */
export function stagePieces({
  start,
  byteLength,
}: AddressRange<VirtualAddress>): readonly AddressRange<VirtualAddress>[] {
  const count = Math.ceil(byteLength / STAGE_BYTES)
  return Array.from({ length: count }, (_, index) => ({
    start: advance(start, index * STAGE_BYTES),
    byteLength: Math.min(STAGE_BYTES, byteLength - index * STAGE_BYTES),
  }))
}

/** Where the parts of a payload were put before. */
export interface KnownPlaces {
  readonly sections: ReadonlyMap<number, VirtualAddress>
  readonly relays: readonly AddressRange<VirtualAddress>[]
  /** In the order of the functions that have one. */
  readonly stubs: readonly AddressRange<VirtualAddress>[]
}

/** The places of an earlier plan, or undefined if that was of another payload. */
export function placesOfPlan(
  { toPlace, order: { image } }: ExaminedPayload,
  { writes, buildId }: SplicePlan,
): KnownPlaces | undefined {
  if (buildId !== image.buildId) return undefined
  const staged = writes.filter(({ role }) => role === 'stage').map(rangeOf)
  const sections = new Map<number, VirtualAddress>()
  for (const { section, byteLength } of toPlace) {
    const start = staged[0]?.start
    if (start === undefined) return undefined
    for (const piece of stagePieces({ start, byteLength })) {
      const range = staged.shift()
      if (range?.start !== piece.start || range.byteLength !== piece.byteLength) return undefined
    }
    sections.set(section, start)
  }
  const relays = writes.filter(({ role }) => role === 'relay').map(rangeOf)
  return { sections, relays, stubs: staged }
}

/**
 * As it lay before, or undefined where that is no room. What memory holds there is not looked at.
 */
export function knownLayout(
  { toPlace }: ExaminedPayload,
  { sections, relays, stubs }: KnownPlaces,
  room: Room,
): PayloadLayout | undefined {
  for (const { section, byteLength } of toPlace) {
    const start = sections.get(section)
    if (start === undefined || !room.takeAt({ start, byteLength })) return undefined
  }
  const left = [...stubs]
  return {
    placeSections: () => ({ kind: 'placed', places: sections }),
    placeStub: ({ stubByteLength: byteLength, function: switched }) => {
      const range = left.shift()
      if (range?.byteLength === byteLength && room.takeAt(range)) return stubPlace(room, range)
      return {
        kind: 'refused',
        refusals: [noRoom(room, `the stub of ${switched.name}`, byteLength)],
      }
    },
    isFree: (range) => relays.some((relay) => contains(relay, range)),
    reserve: () => undefined,
    spot: (range) => spotIn(room, range),
  }
}

function stubPlace(
  room: Room,
  range: AddressRange<VirtualAddress>,
): StubPlace & { readonly kind: 'placed' } {
  const { before, place } = spotIn(room, range)
  return { kind: 'placed', at: range.start, before, place }
}

function spotIn(
  room: Room,
  range: AddressRange<VirtualAddress>,
): Pick<EntryWrite, 'before' | 'place' | 'why'> {
  const run = room.runOf(range)
  if (run === undefined) throw new RangeError('A part was placed outside of the room')
  const offset = distance(run.start, range.start)
  const before = copyBytes(run.before, offset, offset + range.byteLength)
  return { before, place: run.placeAt(offset), why: run.why }
}

function noRoom(room: Room, what: string, byteLength: number): SpliceRefusal {
  return { kind: 'no-room', what, byteLength, foundBytes: room.longestFree }
}

function sameBytes(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && a.every((byte, index) => byte === b[index])
}
