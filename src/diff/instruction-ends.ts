import { type VirtualAddress, virtualAddress } from '../address/address.ts'
import { decode } from '../x86/decode.ts'
import type { Instruction } from '../x86/instruction.ts'

/** Where the functions of one section begin; each is decoded when somebody asks about it. */
export class SectionCode {
  readonly #bytes: Uint8Array
  readonly #starts: readonly number[]
  readonly #decoded = new Map<number, readonly Instruction[]>()

  constructor(bytes: Uint8Array, starts: readonly number[]) {
    this.#bytes = bytes
    this.#starts = starts
  }

  /** How many bytes lie between the beginning of a 4-byte hole and its instruction's end. */
  endOfInstruction(at: number): number {
    if (hasNoImmediate(this.#bytes, at)) return 4
    const start = this.#startBefore(at)
    const instruction = this.instructionsFrom(start).find(
      ({ offset, byteLength }) => start + offset < at && at < start + offset + byteLength,
    )
    if (instruction === undefined) return 4
    return start + instruction.offset + instruction.byteLength - at
  }

  /** The instructions of the function that begins at `start`, up to the next one. */
  instructionsFrom(start: number): readonly Instruction[] {
    const known = this.#decoded.get(start)
    if (known !== undefined) return known
    const end = this.#starts.find((other) => other > start) ?? this.#bytes.length
    const { instructions } = decode(this.#bytes.subarray(start, end), addressOf(start))
    this.#decoded.set(start, instructions)
    return instructions
  }

  #startBefore(at: number): number {
    return this.#starts.findLast((start) => start <= at) ?? 0
  }
}

/** Sections are decoded as if they lay at address 0: targets come out as offsets. */
function addressOf(offset: number): VirtualAddress {
  return virtualAddress(BigInt(offset))
}

// Intel SDM volume 2, opcode map: one-byte opcodes with a ModRM byte and no immediate behind the
// displacement. They are by far the most frequent users of %rip, which spares the decoding.
const WITHOUT_IMMEDIATE = new Set([
  0x01, 0x03, 0x29, 0x2b, 0x39, 0x3b, 0x63, 0x85, 0x89, 0x8b, 0x8d,
])

function hasNoImmediate(bytes: Uint8Array, at: number): boolean {
  const opcode = bytes[at - 2]
  return opcode !== undefined && WITHOUT_IMMEDIATE.has(opcode) && bytes[at - 3] !== 0x3a
}
