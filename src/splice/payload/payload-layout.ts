/**
 * Where the parts of a spliced payload lie: anew, or as they lay before.
 *
 * @module
 */

import { distance, type VirtualAddress } from '../../address/address.ts'
import { type AddressRange, contains } from '../../address/address-range.ts'
import { copyBytes } from '../../address/copy-bytes.ts'
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

/** A stub may begin anywhere; this keeps it apart from what another plan puts behind it. */
const STUB_ALIGNMENT = 16

/** The least that code is aligned to, as compilers align functions. */
const CODE_ALIGNMENT = 16

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
        const alignment =
          part.kind === 'code' ? Math.max(part.alignment, CODE_ALIGNMENT) : part.alignment
        const { byteLength, name } = part
        const at = room.take({ byteLength, alignment })
        if (at === undefined) refusals.push(noRoom(room, name, byteLength))
        else places.set(part.section, at)
      }
      return refusals.length > 0 ? { kind: 'refused', refusals } : { kind: 'placed', places }
    },
    placeStub: (entry) => {
      const { stubByteLength: byteLength, function: switched } = entry
      const at = room.take({ byteLength, alignment: STUB_ALIGNMENT })
      if (at !== undefined) return stubPlace(room, { start: at, byteLength })
      return {
        kind: 'refused',
        refusals: [noRoom(room, `the stub of ${switched.name}`, byteLength)],
      }
    },
    isFree: (range) => {
      const linked = image.bytesAt(range)
      const found = live.bytesAt(range)
      return !room.isTaken(range) && linked !== undefined && sameBytes(linked, found)
    },
    reserve: (range) => room.reserve(range),
    spot: (range) => spotIn(room, range),
  }
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
  const staged = writes.filter(({ role }) => role === 'stage').map(rangeOf)
  if (buildId !== image.buildId || staged.length < toPlace.length) return undefined
  const sections = new Map<number, VirtualAddress>()
  for (const [index, { section, byteLength }] of toPlace.entries()) {
    const range = staged[index]
    if (range?.byteLength !== byteLength) return undefined
    sections.set(section, range.start)
  }
  const relays = writes.filter(({ role }) => role === 'relay').map(rangeOf)
  return { sections, relays, stubs: staged.slice(toPlace.length) }
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
