import { advance, distance, type VirtualAddress } from '../../address/address.ts'
import { type AddressRange, contains } from '../../address/address-range.ts'
import type { Image, ImageSymbol } from '../../image/image.ts'
import type { KnownArrivals } from '../entry/arrivals.ts'
import {
  type ArrivalOffsets,
  STUDIED_BYTES,
  type StudiedFunction,
} from '../../hotfix/splice-study.ts'

/** The part of a function that is studied. */
export function studiedHead({ address, byteLength }: ImageSymbol): AddressRange<VirtualAddress> {
  return { start: address, byteLength: Math.min(byteLength, STUDIED_BYTES) }
}

/** Arrivals as a study has them. What was not studied counts as arrived at. */
export class StudiedArrivals implements KnownArrivals {
  readonly #heads: readonly {
    readonly range: AddressRange<VirtualAddress>
    readonly arrivals: ArrivalOffsets
  }[]

  constructor(image: Image, functions: readonly StudiedFunction[]) {
    this.#heads = functions.flatMap(({ at, arrivals }) => {
      const symbol = image.functionAt(advance(image.start, at))
      return symbol === undefined ? [] : [{ range: studiedHead(symbol), arrivals }]
    })
  }

  at(address: VirtualAddress): boolean {
    const head = this.#headOf({ start: address, byteLength: 1 })
    if (head === undefined) return true
    const offset = distance(head.range.start, address)
    return head.arrivals.certain.includes(offset) || head.arrivals.possible.includes(offset)
  }

  amid(instruction: AddressRange<VirtualAddress>): boolean {
    const head = this.#headOf(instruction)
    if (head === undefined) return true
    const first = distance(head.range.start, instruction.start)
    const end = first + instruction.byteLength
    return head.arrivals.certain.some((offset) => offset > first && offset < end)
  }

  #headOf(range: AddressRange<VirtualAddress>) {
    return this.#heads.find((head) => contains(head.range, range))
  }
}
