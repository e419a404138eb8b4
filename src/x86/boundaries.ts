import type { VirtualAddress } from '../address/address.ts'
import { type Decoded, decode } from './decode.ts'
import type { Instruction } from './instruction.ts'

/**
 * A function's instructions, found by a linear sweep from its first byte.
 *
 * `clean` means that the sweep decoded every byte and that every direct branch which stays inside
 * the function arrives at a boundary found. It does not prove that all bytes are code: data that
 * happens to decode is not noticed.
 *
 * `unclean` names the first place where one of the two fails. Nothing may be decided about a
 * function whose sweep is unclean.
 */
export type Sweep =
  | {
      readonly kind: 'clean'
      readonly address: VirtualAddress
      readonly byteLength: number
      readonly instructions: readonly Instruction[]
      /** The offset of each instruction, in the function. */
      readonly boundaries: ReadonlySet<number>
      /** The offsets inside the function at which its own direct branches and calls arrive. */
      readonly targets: ReadonlySet<number>
    }
  | { readonly kind: 'unclean'; readonly offset: number; readonly reason: UncleanReason }

/** `undecodable`: no instruction begins there. `branch-into-instruction`: one is jumped into. */
export type UncleanReason = 'undecodable' | 'branch-into-instruction'

export type CleanSweep = Extract<Sweep, { kind: 'clean' }>

/** Sweeps the function whose whole code is `bytes`, linked at `address`. */
export function sweepFunction(bytes: Uint8Array, address: VirtualAddress): Sweep {
  const decoded: Decoded = decode(bytes, address)
  if (decoded.kind === 'undecodable') {
    return { kind: 'unclean', offset: decoded.offset, reason: 'undecodable' }
  }
  const boundaries = new Set(decoded.instructions.map((instruction) => instruction.offset))
  const targets = new Set<number>()
  for (const instruction of decoded.instructions) {
    if (instruction.branchTarget === undefined) continue
    const offset = Number(instruction.branchTarget - address)
    if (offset < 0 || offset >= bytes.byteLength) continue
    if (!boundaries.has(offset)) {
      return { kind: 'unclean', offset, reason: 'branch-into-instruction' }
    }
    targets.add(offset)
  }
  return {
    kind: 'clean',
    address,
    byteLength: bytes.byteLength,
    instructions: decoded.instructions,
    boundaries,
    targets,
  }
}
