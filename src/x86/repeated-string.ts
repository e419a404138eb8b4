/**
 * Whether the one instruction that `bytes` are is a string instruction with a repeat prefix.
 *
 * An interrupt may stop it between two repetitions, and it then goes on from there: unlike any
 * other instruction it can be about to run with part of its work done. Intel SDM volume 2B,
 * "REP/REPE/REPZ/REPNE/REPNZ"; volume 2A, 2.1.1 for the prefixes.
 */
export function isRepeatedString(bytes: Uint8Array): boolean {
  let repeats = false
  for (const byte of bytes) {
    if (byte === 0xf2 || byte === 0xf3) repeats = true
    else if (!isOtherPrefix(byte)) return repeats && isStringOpcode(byte)
  }
  return false
}

function isOtherPrefix(byte: number): boolean {
  return OTHER_PREFIXES.has(byte) || (byte >= 0x40 && byte <= 0x4f)
}

/** Operand size, address size, lock, and the segments. */
const OTHER_PREFIXES: ReadonlySet<number> = new Set([
  0x66, 0x67, 0xf0, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
])

/** `ins`, `outs`, `movs`, `cmps`, `stos`, `lods` and `scas`. */
function isStringOpcode(byte: number): boolean {
  return (
    (byte >= 0x6c && byte <= 0x6f) ||
    (byte >= 0xa4 && byte <= 0xa7) ||
    (byte >= 0xaa && byte <= 0xaf)
  )
}
