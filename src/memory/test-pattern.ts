import { advance, type MachineAddress } from '../address/address.ts'

export const patternNames = ['address-in-word', 'all-zero', 'all-one', 'walking-bits'] as const

/**
 * What is written to try an engine.
 *
 * `all-zero` and `all-one` find bits that stick. `walking-bits` finds bits that are swapped or tied
 * to each other. `address-in-word` puts into each 8-byte word its own machine address, and finds
 * bytes that land elsewhere.
 */
export type PatternName = (typeof patternNames)[number]

/** The pattern over `byteLength` bytes from `start`. What a byte is depends on its address alone. */
export function patternBytes(
  name: PatternName,
  start: MachineAddress,
  byteLength: number,
): Uint8Array {
  const byteAt = BYTE_AT[name]
  return Uint8Array.from({ length: byteLength }, (_, index) => byteAt(advance(start, index)))
}

/** Every bit the other way round: what lies around a write, so that each wrong byte shows. */
export function inverted(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => ~byte & 0xff)
}

const BYTE_AT: Readonly<Record<PatternName, (address: MachineAddress) => number>> = {
  'all-zero': () => 0x00,
  'all-one': () => 0xff,
  'walking-bits': (address) => 1 << lowBits(address),
  'address-in-word': (address) => {
    const word = address & ~7n
    return Number((word >> BigInt(8 * lowBits(address))) & 0xffn)
  },
}

function lowBits(address: MachineAddress): number {
  return Number(address & 7n)
}
