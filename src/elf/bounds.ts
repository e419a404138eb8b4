import { hex } from '../address/address.ts'
import { type Checked, type ElfField, read, refuse } from './refusal.ts'

const ADDRESS_SPACE_BYTES = 1n << 64n

/**
 * The bytes from `offset` on, `byteLength` of them, when all of them lie in the file.
 *
 * Computed in `bigint`: the sum of two 64-bit fields may exceed both 64 bits and what a
 * `number` counts exactly.
 */
export function fileRange(
  bytes: Uint8Array,
  offset: bigint,
  byteLength: bigint,
  fields: { readonly offset: ElfField; readonly byteLength: ElfField },
): Checked<Uint8Array> {
  const fileBytes = BigInt(bytes.length)
  if (offset > fileBytes) {
    return refuse(
      'out-of-bounds',
      fields.offset,
      offset,
      `at most ${hex(fileBytes)}, the file's end`,
    )
  }
  if (byteLength > fileBytes - offset) {
    const rest = `at most ${hex(fileBytes - offset)}, up to the file's end`
    return refuse('out-of-bounds', fields.byteLength, byteLength, rest)
  }
  const start = Number(offset)
  return read(bytes.subarray(start, start + Number(byteLength)))
}

/**
 * Whether a run of memory goes past the last address of 64 bits.
 *
 * One that ends exactly there counts too: no 64-bit value names its end.
 */
export function wraps(start: bigint, byteLength: bigint): boolean {
  return start + byteLength >= ADDRESS_SPACE_BYTES
}

/** Whether `value` is 0, or a power of two, as the gABI wants alignments to be. */
export function isAlignment(value: bigint): boolean {
  return (value & (value - 1n)) === 0n
}

/**
 * How many entries of `entryBytes` a table holds, when it holds a whole number of them.
 *
 * `found` is the entry size that the table itself claims.
 */
export function entryCount(
  table: Uint8Array,
  found: bigint,
  entryBytes: number,
  fields: { readonly entryBytes: ElfField; readonly byteLength: ElfField },
): Checked<number> {
  if (found !== BigInt(entryBytes)) {
    return refuse('bad-value', fields.entryBytes, found, hex(entryBytes))
  }
  if (table.length % entryBytes !== 0) {
    const wanted = `a multiple of ${hex(entryBytes)}`
    return refuse('bad-value', fields.byteLength, table.length, wanted)
  }
  return read(table.length / entryBytes)
}
