/**
 * `byteLength` bytes that do nothing, in as few instructions as Intel recommends (SDM volume 2B,
 * NOP, table "Recommended Multi-Byte Sequence of NOP Instruction").
 */
export function longNops(byteLength: number): Uint8Array {
  const bytes = new Uint8Array(byteLength)
  let at = 0
  while (at < byteLength) {
    const nop = NOPS[Math.min(byteLength - at, NOPS.length) - 1] ?? []
    bytes.set(nop, at)
    at += nop.length
  }
  return bytes
}

/** By length, from 1 on. */
const NOPS: readonly (readonly number[])[] = [
  [0x90],
  [0x66, 0x90],
  [0x0f, 0x1f, 0x00],
  [0x0f, 0x1f, 0x40, 0x00],
  [0x0f, 0x1f, 0x44, 0x00, 0x00],
  [0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00],
  [0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00],
  [0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
]
