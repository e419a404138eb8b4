// Intel SDM volume 2B, NOP: the multi-byte form is 0F 1F /0, recommended with these ModRM
// bytes and an all-zero rest, so that the number of bytes behind ModRM is fixed by it.
const BYTES_BEHIND_MODRM: ReadonlyMap<number, number> = new Map([
  [0x00, 0],
  [0x40, 1],
  [0x44, 2],
  [0x80, 4],
  [0x84, 5],
])

/** Intel SDM volume 2A, 2.3.11: a longer instruction faults. */
const MAX_INSTRUCTION_BYTES = 15

/**
 * How many bytes the NOP at `at` has, or 0 when there is none.
 *
 * Knows 90 and the multi-byte forms that Intel recommends, with any number of 66 and 2E
 * prefixes, which assemblers put before them to make them longer. Other instructions without
 * effect are not taken for NOPs.
 */
export function nopLength(bytes: Uint8Array, at: number): number {
  let opcode = at
  while (bytes[opcode] === 0x66 || bytes[opcode] === 0x2e) {
    opcode += 1
    if (opcode - at >= MAX_INSTRUCTION_BYTES) return 0
  }
  if (bytes[opcode] === 0x90) return opcode + 1 - at
  if (bytes[opcode] !== 0x0f || bytes[opcode + 1] !== 0x1f) return 0
  const behind = BYTES_BEHIND_MODRM.get(bytes[opcode + 2] ?? -1)
  if (behind === undefined) return 0
  const end = opcode + 3 + behind
  if (end > bytes.length || end - at > MAX_INSTRUCTION_BYTES) return 0
  const rest = bytes.subarray(opcode + 3, end)
  return rest.every((byte) => byte === 0) ? end - at : 0
}

/** Whether the bytes are padding as toolchains make it: NOPs and INT3 (CC), whole, no others. */
export function isCodePadding(bytes: Uint8Array): boolean {
  let at = 0
  while (at < bytes.length) {
    const length = bytes[at] === 0xcc ? 1 : nopLength(bytes, at)
    if (length === 0) return false
    at += length
  }
  return true
}
