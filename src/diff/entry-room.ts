import type { Atom } from './atom.ts'

// xen/include/public/sysctl.h and xen/arch/x86/livepatch.c: Xen puts a 5-byte jump over the entry,
// behind an ENDBR64 of 4 bytes where there is one.
const JUMP_BYTES = 5
const ENDBR64 = [0xf3, 0x0f, 0x1e, 0xfa] as const

/** How long a function is by its symbol; all of its section where the symbol does not say. */
export function functionBytes(entry: Atom): number {
  const size = Math.max(0, ...entry.names.map(({ byteLength }) => byteLength))
  return size === 0 ? entry.byteLength : size
}

/** How long a function has to be for a jump over its entry. */
export function neededForJump(entry: Atom): number {
  const isMarked = ENDBR64.every((byte, index) => entry.bytes?.[index] === byte)
  return isMarked ? JUMP_BYTES + ENDBR64.length : JUMP_BYTES
}
