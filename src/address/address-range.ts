import { type Address, advance, distance, hex } from './address.ts'

/** A run of `byteLength` bytes that begins at `start`. */
export interface AddressRange<A extends Address> {
  readonly start: A
  readonly byteLength: number
}

/** The address just behind the range. */
export function rangeEnd<A extends Address>(range: AddressRange<A>): A {
  return advance(range.start, range.byteLength)
}

/** Whether every byte of `inner` belongs to `outer`. An empty `inner` must still lie within. */
export function contains<A extends Address>(
  outer: AddressRange<A>,
  inner: AddressRange<A>,
): boolean {
  return inner.start >= outer.start && rangeEnd(inner) <= rangeEnd(outer)
}

/** Whether the two ranges share a byte. */
export function overlaps<A extends Address>(a: AddressRange<A>, b: AddressRange<A>): boolean {
  return a.start < rangeEnd(b) && b.start < rangeEnd(a)
}

/**
 * Whether the range lies inside one naturally aligned unit of `unitBytes`, so that one store
 * can replace it. An empty range does.
 */
export function withinAlignedUnit<A extends Address>(
  range: AddressRange<A>,
  unitBytes: number,
): boolean {
  if (range.byteLength === 0) return true
  const mask = ~BigInt(unitBytes - 1)
  const last: bigint = advance(range.start, range.byteLength - 1)
  return (range.start & mask) === (last & mask)
}

/** How far into `outer` the address lies, in bytes. */
export function offsetIn<A extends Address>(outer: AddressRange<A>, address: A): number {
  return distance(outer.start, address)
}

/** `0x1000..0x1fff (4096 bytes)`, for people. */
export function describeRange<A extends Address>(range: AddressRange<A>): string {
  if (range.byteLength === 0) return `${hex(range.start)} (empty)`
  const last: bigint = advance(range.start, range.byteLength - 1)
  return `${hex(range.start)}..${hex(last)} (${range.byteLength} bytes)`
}
