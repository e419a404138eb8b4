import type { Payload } from './payload.ts'

/**
 * A section of a payload that has to lie somewhere before its functions can run.
 *
 * `code` is executable; `constant` is neither executable nor writable once it is linked; `data` is
 * writable, and begins as zeros where `bytes` is undefined.
 */
export interface PayloadSection {
  /** The index of the section in `payload.elf`. */
  readonly section: number
  readonly name: string
  readonly kind: 'code' | 'constant' | 'data'
  readonly byteLength: number
  /** A power of two. */
  readonly alignment: number
}

/**
 * The sections that the new functions reach, directly or through others, in the order of the file.
 *
 * Left out are what only Xen's loader reads (notes, names, `.livepatch.funcs`), the special sections
 * (`.altinstructions`, `.altinstr_replacement`, `.bug_frames.*`, `.ex_table`) and what only those
 * refer to, such as the file names of bug frames.
 */
export function payloadCode(payload: Payload): readonly PayloadSection[] {
  throw new RangeError(`Not yet written for ${payload.buildId}`)
}
