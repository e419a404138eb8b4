import { hex } from '../address/address.ts'

/**
 * Why bytes were not taken for an ELF file that Reweave can read.
 *
 * `truncated`: a structure goes on behind the end of the file. `not-elf`: other magic bytes.
 * `unsupported`: proper ELF, of a sort that has no use here. `out-of-bounds`: a range leaves
 * what holds it. `wraps`: a range goes past the last address. `overlap`: two sections claim one
 * byte. `bad-index`: no such entry. `bad-name`: no printable, terminated string. `bad-value`: a
 * value that its specification does not know.
 */
export type ElfRefusalKind =
  | 'truncated'
  | 'not-elf'
  | 'unsupported'
  | 'out-of-bounds'
  | 'wraps'
  | 'overlap'
  | 'bad-index'
  | 'bad-name'
  | 'bad-value'

/** A field of an ELF file: `sh_offset` of `section header 3`, at a byte of the file. */
export interface ElfField {
  readonly part: string
  readonly field: string
  readonly at: number
}

export interface ElfRefusal extends ElfField {
  readonly kind: ElfRefusalKind
  readonly found: bigint
  /** What the field would have had to hold, in words. */
  readonly wanted: string
}

export interface ElfRefused {
  readonly kind: 'refused'
  readonly refusal: ElfRefusal
}

/** What one step of reading gives: its value, or the refusal of the whole file. */
export type Checked<T> = { readonly kind: 'read'; readonly value: T } | ElfRefused

export function read<T>(value: T): Checked<T> {
  return { kind: 'read', value }
}

export function refuse(
  kind: ElfRefusalKind,
  field: ElfField,
  found: bigint | number,
  wanted: string,
): ElfRefused {
  return { kind: 'refused', refusal: { kind, ...field, found: BigInt(found), wanted } }
}

/** One sentence for people, without a full stop. */
export function describeElfRefusal(refusal: ElfRefusal): string {
  const { part, field, at, found, wanted } = refusal
  return `Cannot read the ELF file: ${field} in ${part} (byte ${at}) is ${hex(found)}, wanted ${wanted}`
}
