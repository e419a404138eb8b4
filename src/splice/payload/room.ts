/**
 * Where new code can lie, and what is free of it.
 *
 * @module
 */

import { advance, alignUp, distance, hex, type VirtualAddress } from '../../address/address.ts'
import { type AddressRange, contains, overlaps, rangeEnd } from '../../address/address-range.ts'
import type { Image } from '../../image/image.ts'
import type { LiveBytes } from '../live-bytes.ts'
import type { Padding } from '../padding.ts'
import type { UnrunnableRun } from './unrunnable-code.ts'
import type { UnusedVendor } from '../../hotfix/splice-study.ts'

/** A run of bytes that nothing executes. */
export interface RoomRun extends AddressRange<VirtualAddress> {
  /** What is there while it is free. */
  readonly before: Uint8Array
  /** Why nothing executes it, in one sentence. */
  readonly why: string
  /** The bytes from `offset` on, for people. */
  placeAt(offset: number): string
}

/** Bytes that a plan puts somewhere. */
export interface Need {
  readonly byteLength: number
  /** A power of two. */
  readonly alignment: number
}

/** The padding behind `.text`, without the witness at its end. */
export function paddingRun({ range, usable, fill }: Padding): RoomRun {
  return {
    ...usable,
    before: new Uint8Array(usable.byteLength).fill(fill),
    why: 'No section has these bytes, and nothing leads here before the first switch.',
    placeAt: (offset) =>
      `padding behind .text+${hex(distance(range.start, advance(usable.start, offset)))}`,
  }
}

/** A run of code that cannot run on this host, whose CPUs are not `vendor`'s. */
export function unrunnableRoom(image: Image, run: UnrunnableRun, vendor: UnusedVendor): RoomRun {
  const { start, byteLength } = run
  const { name, address } = run.function
  const [theirs, host] = vendor === 'intel' ? ['start_vmx', 'AMD'] : ['start_svm', 'Intel']
  return {
    start,
    byteLength,
    before: image.bytesAt(run) ?? new Uint8Array(byteLength),
    why: `Only ${theirs} leads here, which was not called on this host.`,
    placeAt: (offset) => {
      const into = distance(address, advance(start, offset))
      return `over ${name}${into === 0 ? '' : `+${hex(into)}`} (cannot run on ${host})`
    },
  }
}

/**
 * Room is given out in aligned units of so many bytes. A unit counts as free only if every byte of
 * it is: bytes that look free by chance, inside of what another plan put there, never do.
 */
export const ROOM_UNIT_BYTES = 16

/** Room as a plan uses it up. */
export class Room {
  readonly #runs: readonly RoomRun[]
  readonly #live: LiveBytes
  readonly #taken: AddressRange<VirtualAddress>[] = []

  constructor(runs: readonly RoomRun[], live: LiveBytes) {
    this.#runs = runs
    this.#live = live
  }

  /** The lowest place in the first run that is free for the need. It is taken from then on. */
  take({ byteLength, alignment }: Need): VirtualAddress | undefined {
    for (const run of this.#runs) {
      const free = this.#freeParts(run)
      for (const part of free) {
        const start = alignUp(part.start, Math.max(alignment, ROOM_UNIT_BYTES))
        const whole = wholeUnits({ start, byteLength })
        if (rangeEnd(whole) > rangeEnd(part)) continue
        this.#taken.push(whole)
        return start
      }
    }
    return undefined
  }

  /** Takes what an earlier plan took. False if that is no room, or taken. */
  takeAt(range: AddressRange<VirtualAddress>): boolean {
    if (this.runOf(range) === undefined || this.isTaken(range)) return false
    this.#taken.push(range)
    return true
  }

  /** Takes what need not be room. */
  reserve(range: AddressRange<VirtualAddress>): void {
    this.#taken.push(range)
  }

  isTaken(range: AddressRange<VirtualAddress>): boolean {
    return this.#taken.some((other) => overlaps(other, range))
  }

  runOf(range: AddressRange<VirtualAddress>): RoomRun | undefined {
    return this.#runs.find((run) => contains(run, range))
  }

  /** The longest run of bytes that is still free. */
  get longestFree(): number {
    const parts = this.#runs.flatMap((run) => this.#freeParts(run))
    return Math.max(0, ...parts.map(({ byteLength }) => byteLength))
  }

  /** What of a run the running image has as it was, and the plan has not taken. */
  #freeParts(run: RoomRun): readonly AddressRange<VirtualAddress>[] {
    const found = this.#live.bytesAt(run)
    if (found === undefined) return []
    const taken = new Uint8Array(run.byteLength)
    for (const range of this.#taken) {
      const from = distance(run.start, range.start)
      taken.fill(1, Math.max(from, 0), Math.max(from + range.byteLength, 0))
    }
    const parts: AddressRange<VirtualAddress>[] = []
    let open: number | undefined
    const first = distance(run.start, alignUp(run.start, ROOM_UNIT_BYTES))
    for (let at = first; ; at += ROOM_UNIT_BYTES) {
      const unit = found.subarray(at, at + ROOM_UNIT_BYTES)
      const isFree =
        at + ROOM_UNIT_BYTES <= run.byteLength &&
        unit.every((byte, index) => taken[at + index] === 0 && byte === run.before[at + index])
      if (isFree) open ??= at
      else if (open !== undefined) {
        parts.push({ start: advance(run.start, open), byteLength: at - open })
        open = undefined
      }
      if (at + ROOM_UNIT_BYTES > run.byteLength) return parts
    }
  }
}

function wholeUnits(range: AddressRange<VirtualAddress>): AddressRange<VirtualAddress> {
  const byteLength = Math.ceil(range.byteLength / ROOM_UNIT_BYTES) * ROOM_UNIT_BYTES
  return { start: range.start, byteLength }
}
