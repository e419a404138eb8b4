import type { ArrivalOffsets } from '../../hotfix/splice-study.ts'
import { distance, type VirtualAddress } from '../../address/address.ts'
import { type AddressRange, contains, rangeEnd } from '../../address/address-range.ts'
import type { Image } from '../../image/image.ts'
import { imageAlternatives, imageExceptions } from '../../image/image-tables.ts'
import type { FunctionSweeps } from '../function-sweeps.ts'

/** What is certain to be named as a place where execution arrives. */
const KNOWN = 2
/** What may be such a place, or may only look so. */
const POSSIBLE = 1

/** Where execution may arrive, as the search for a switch asks for it. */
export interface KnownArrivals {
  /** Whether execution may arrive at the instruction that begins at the address in `.text`. */
  at(address: VirtualAddress): boolean
  /** Whether a branch or a table entry leads to amid the instruction. */
  amid(instruction: AddressRange<VirtualAddress>): boolean
}

/**
 * The addresses of `.text` at which execution may arrive other than from the instruction in front:
 * targets of branches, symbols, addresses that code or data holds, where a fault goes on.
 *
 * More addresses may be in it than are ever arrived at, none are missing, as long as addresses are
 * whole 64-bit words, operands relative to `%rip`, or entries of Xen's tables. Other relative tables
 * are not known: a function with an indirect jump of its own may be entered anywhere.
 */
// Code that no clean sweep covers (hand-written assembly, replacements of alternatives) is read at
// every byte, as if a branch began there. That finds too many, which only costs a few sites.
export class Arrivals implements KnownArrivals {
  readonly #text: AddressRange<VirtualAddress>
  /** Byte for byte of `.text`: `KNOWN`, `POSSIBLE` or nothing. */
  readonly #marks: Uint8Array

  constructor(sweeps: FunctionSweeps) {
    const { image } = sweeps
    this.#text = image.text
    this.#marks = new Uint8Array(image.text.byteLength)
    for (const symbol of image.symbols) this.#mark(symbol.address, KNOWN)
    for (const { goesOnAt } of imageExceptions(image)) this.#mark(goesOnAt, KNOWN)
    for (const section of image.sections) {
      if (section.bytes === undefined) continue
      this.#markPointers(section.bytes)
      if (section.executable) this.#markBranches(sweeps, section)
    }
    for (const { site, replacement } of imageAlternatives(image)) {
      const bytes = image.bytesAt(replacement)
      if (bytes !== undefined) this.#markAnyBranches(bytes, site.start)
    }
  }

  /** Whether execution may arrive at the instruction that begins at the address in `.text`. */
  at(address: VirtualAddress): boolean {
    return this.#marks[distance(this.#text.start, address)] !== 0
  }

  /** All that is known of the range, which lies in `.text`. */
  within(range: AddressRange<VirtualAddress>): ArrivalOffsets {
    const first = distance(this.#text.start, range.start)
    const marks = [...this.#marks.subarray(first, first + range.byteLength)]
    const having = (mark: number): readonly number[] =>
      marks.flatMap((each, offset) => (each === mark ? [offset] : []))
    return { certain: having(KNOWN), possible: having(POSSIBLE) }
  }

  /**
   * Whether a branch or a table entry leads to amid the instruction.
   *
   * What only happens to look like an address does not count here: no code runs the middle of an
   * instruction that a compiler made.
   */
  amid(instruction: AddressRange<VirtualAddress>): boolean {
    const first = distance(this.#text.start, instruction.start)
    return this.#marks.subarray(first + 1, first + instruction.byteLength).includes(KNOWN)
  }

  #mark(address: bigint, mark: typeof KNOWN | typeof POSSIBLE): void {
    const offset = Number(address - this.#text.start)
    if (offset < 0 || offset >= this.#marks.byteLength) return
    if (this.#marks[offset] !== KNOWN) this.#marks[offset] = mark
  }

  /** Whatever 8 bytes can be an address of `.text`, aligned or not. */
  #markPointers(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const { start } = this.#text
    const [first, last] = [start, rangeEnd(this.#text)].map((end) => Number(end >> 32n))
    for (let offset = 0; offset + 8 <= bytes.byteLength; offset++) {
      const high = view.getUint32(offset + 4, true)
      if (high === first || high === last) this.#mark(view.getBigUint64(offset, true), POSSIBLE)
    }
  }

  /** The branches and operands of the section's functions, and all there may be between them. */
  #markBranches(sweeps: FunctionSweeps, section: Image['text']): void {
    let covered = section.start
    for (const symbol of sweeps.image.symbols) {
      const range = { start: symbol.address, byteLength: symbol.byteLength }
      if (symbol.kind !== 'function' || !contains(section, range)) continue
      const sweep = sweeps.of(symbol)
      if (sweep.kind !== 'clean') continue
      for (const { branchTarget, ripTarget } of sweep.instructions) {
        if (branchTarget !== undefined) this.#mark(branchTarget, KNOWN)
        if (ripTarget !== undefined) this.#mark(ripTarget, KNOWN)
      }
      if (range.start > covered) this.#markUncovered(section, covered, range.start)
      if (rangeEnd(range) > covered) covered = rangeEnd(range)
    }
    this.#markUncovered(section, covered, rangeEnd<VirtualAddress>(section))
  }

  #markUncovered(section: Image['text'], start: VirtualAddress, end: VirtualAddress): void {
    const from = distance(section.start, start)
    const bytes = section.bytes?.subarray(from, distance(section.start, end))
    if (bytes !== undefined) this.#markAnyBranches(bytes, start)
  }

  /** Every branch and every operand relative to `%rip` that bytes at `start` can be a part of. */
  #markAnyBranches(bytes: Uint8Array, start: VirtualAddress): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const base = distance(this.#text.start, start)
    const mark = (offset: number): void => {
      if (this.#marks[offset] === 0) this.#marks[offset] = POSSIBLE
    }
    for (let offset = 0; offset < bytes.byteLength; offset++) {
      if (offset + 4 <= bytes.byteLength) mark(base + offset + 4 + view.getInt32(offset, true))
      const opcode = bytes[offset] ?? 0
      const hasShortForm =
        opcode === 0xeb || (opcode >= 0x70 && opcode <= 0x7f) || (opcode >= 0xe0 && opcode <= 0xe3)
      if (hasShortForm && offset + 2 <= bytes.byteLength) {
        mark(base + offset + 2 + view.getInt8(offset + 1))
      }
    }
  }
}
