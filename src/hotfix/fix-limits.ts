/**
 * How large the parts of a fix may be. Documented in `docs/formats/fix.md`, which a test compares.
 *
 * They bound what a hand-written fix needs with room to spare. A detour's code has to fit into the
 * padding behind `.text`, 1,901 bytes in Debian's 4.17.5+72.
 */
export const FIX_LIMITS = {
  /** UTF-16 units of the whole file. The worst of them take the YAML library a few seconds. */
  fileLength: 256 * 1024,
  changes: 64,
  /** Bytes that one edit names, instruction for instruction. */
  editBytes: 16,
  /** Bytes of the one instruction that a detour replaces: x86 has none longer. */
  detourBytes: 15,
  /** Bytes of one detour's code. */
  codeBytes: 1024,
  cves: 32,
  nameLength: 64,
  titleLength: 200,
  whyLength: 1000,
  symbolLength: 200,
  versionLength: 100,
} as const
