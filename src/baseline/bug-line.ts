/**
 * The line numbers in bug frames: 14 bits, of which the upper 7 stand above the distance to the
 * site, and the lower 7 above the distance to the text (Xen 4.7 to 4.21, `struct bug_frame` in
 * bug.h of x86, since 4.18 in xen/include/xen/bug.h). A negative distance takes one from the bits above it.
 *
 * @module
 */

import { readHole } from './hole-value.ts'
import type { ObjectEntry } from './site-table.ts'
import type { ObjectView } from './object-view.ts'

const DISTANCE_BITS = 24
const LINE_BITS = 7

/** The line of a frame as linked. */
export function linkedLine(frame: Uint8Array): number {
  const [high, low] = [0, 4].map((at) => {
    const word = readHole(frame, at, 4)
    return lineBits(word - BigInt.asIntN(DISTANCE_BITS, word))
  })
  return ((high ?? 0) << LINE_BITS) | (low ?? 0)
}

/** The line of a frame in an object; undefined where the frame is not made as Xen makes them. */
export function objectLine(view: ObjectView, entry: ObjectEntry): number | undefined {
  const [site, text] = view.holesIn(entry.section, entry.at, entry.byteLength)
  if (site?.at !== entry.at || text?.at !== entry.at + 4) return undefined
  const [high, low] = [site, text].map(({ relocation }) => {
    const value = view.elf.symbols[relocation.symbol]?.value ?? 0n
    const sum = value + relocation.addend
    return lineBits(sum - BigInt.asIntN(DISTANCE_BITS, sum))
  })
  return ((high ?? 0) << LINE_BITS) | (low ?? 0)
}

function lineBits(word: bigint): number {
  return Number(BigInt.asUintN(LINE_BITS, word >> BigInt(DISTANCE_BITS)))
}
