/**
 * Whether the four bytes at `at` are the distance of a direct jump or call.
 *
 * Only for the place of a PC-relative relocation in code. The byte before such a hole is either
 * the opcode of a branch (Intel SDM volume 2: `call` E8, `jmp` E9, `jcc` 0F 80 to 0F 8F) or the
 * ModRM byte of an operand relative to `%rip`, whose mod and r/m fields are 00 and 101. No byte is
 * both, so nothing has to be decoded.
 */
export function isBranchHole(code: Uint8Array, at: number): boolean {
  const before = code[at - 1]
  if (before === undefined) return false
  if (before === 0xe8 || before === 0xe9) return true
  return (before & 0xf0) === 0x80 && code[at - 2] === 0x0f
}
