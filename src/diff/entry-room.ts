import { beginsWithEndbr64, ENDBR64 } from '../x86/endbr64.ts'
import type { Atom } from './atom.ts'

// xen/include/public/sysctl.h and xen/arch/x86/livepatch.c: Xen puts a 5-byte jump over the entry,
// behind an ENDBR64 of 4 bytes where there is one.
const JUMP_BYTES = 5

/** How long a function is by its symbol; all of its section where the symbol does not say. */
export function functionBytes(entry: Atom): number {
  const size = Math.max(0, ...entry.names.map(({ byteLength }) => byteLength))
  return size === 0 ? entry.byteLength : size
}

/** How long a function has to be for a jump over its entry. */
export function neededForJump(entry: Atom): number {
  return isMarked(entry) ? JUMP_BYTES + ENDBR64.length : JUMP_BYTES
}

/**
 * Whether only the new entry may be reached by indirect calls (Intel SDM volume 1, 17.3: with CET a
 * processor faults where such a call meets no ENDBR64). Nobody has a pointer to the old one then.
 */
export function isMarkedAnew(before: Atom, after: Atom): boolean {
  return isMarked(after) && !isMarked(before)
}

function isMarked(entry: Atom): boolean {
  return beginsWithEndbr64(entry.bytes ?? [])
}
