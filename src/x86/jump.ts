/**
 * The two direct jumps that a splice uses: `jmp rel8` (EB) and `jmp rel32` (E9).
 *
 * Intel SDM volume 2A, "JMP—Jump": the displacement is signed and counts from the end of the
 * instruction.
 *
 * @module
 */

import { advance, distance, type VirtualAddress } from '../address/address.ts'

/** Bytes of `jmp rel8`. */
export const SHORT_JUMP_BYTES = 2
/** Bytes of `jmp rel32`. */
export const NEAR_JUMP_BYTES = 5

const SHORT_OPCODE = 0xeb
const NEAR_OPCODE = 0xe9

/** Whether a `jmp rel8` at `from` can reach `to`. */
export function reachesShort(from: VirtualAddress, to: VirtualAddress): boolean {
  const displacement = to - from - BigInt(SHORT_JUMP_BYTES)
  return displacement >= -0x80n && displacement <= 0x7fn
}

/** Whether a `jmp rel32` at `from` can reach `to`. */
export function reachesNear(from: VirtualAddress, to: VirtualAddress): boolean {
  return fitsInt32(to - from - BigInt(NEAR_JUMP_BYTES))
}

/** Whether `value` can be a signed 32-bit displacement. */
export function fitsInt32(value: bigint): boolean {
  return value >= -0x8000_0000n && value <= 0x7fff_ffffn
}

/**
 * `jmp rel8` from `from` to `to`.
 *
 * @throws RangeError when it does not reach
 */
export function encodeShortJump(from: VirtualAddress, to: VirtualAddress): Uint8Array {
  if (!reachesShort(from, to)) throw new RangeError('A jmp rel8 does not reach its target')
  return Uint8Array.of(SHORT_OPCODE, (distance(from, to) - SHORT_JUMP_BYTES) & 0xff)
}

/**
 * `jmp rel32` from `from` to `to`.
 *
 * @throws RangeError when it does not reach
 */
export function encodeNearJump(from: VirtualAddress, to: VirtualAddress): Uint8Array {
  if (!reachesNear(from, to)) throw new RangeError('A jmp rel32 does not reach its target')
  const bytes = new Uint8Array(NEAR_JUMP_BYTES)
  bytes[0] = NEAR_OPCODE
  new DataView(bytes.buffer).setInt32(1, distance(from, to) - NEAR_JUMP_BYTES, true)
  return bytes
}

/** Where the `jmp rel8` at the beginning of `bytes` goes; undefined if there is none. */
export function shortJumpTarget(bytes: Uint8Array, at: VirtualAddress): VirtualAddress | undefined {
  if (bytes.byteLength < SHORT_JUMP_BYTES || bytes[0] !== SHORT_OPCODE) return undefined
  return within64Bits(at, SHORT_JUMP_BYTES + view(bytes).getInt8(1))
}

/** Where the `jmp rel32` at the beginning of `bytes` goes; undefined if there is none. */
export function nearJumpTarget(bytes: Uint8Array, at: VirtualAddress): VirtualAddress | undefined {
  if (bytes.byteLength < NEAR_JUMP_BYTES || bytes[0] !== NEAR_OPCODE) return undefined
  return within64Bits(at, NEAR_JUMP_BYTES + view(bytes).getInt32(1, true))
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function within64Bits(at: VirtualAddress, bytes: number): VirtualAddress | undefined {
  const target = at + BigInt(bytes)
  return target < 0n || target > 0xffff_ffff_ffff_ffffn ? undefined : advance(at, bytes)
}
