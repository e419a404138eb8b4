import { hex } from '../address/address.ts'
import { type Checked, type ElfField, read, refuse } from './refusal.ts'

/**
 * The longest name that is read, in bytes.
 *
 * Far above any name in Xen, whose own symbol table stops at 127. Without a limit a small file
 * could name one long string from every symbol and cost time that grows with its square.
 */
export const MAX_NAME_BYTES = 1024

/**
 * The name at `offset` of a string table (gABI: String Table).
 *
 * Offset 0 stands for no name, also in an empty table.
 */
export function readName(table: Uint8Array, offset: number, field: ElfField): Checked<string> {
  return offset === 0 ? read('') : readString(table, offset, field)
}

/**
 * The string that begins at `offset` and ends before a NUL.
 *
 * Refuses strings that end nowhere and those with bytes outside printable ASCII: names are shown
 * on terminals, and every tool that builds Xen makes plain ones.
 */
export function readString(table: Uint8Array, offset: number, field: ElfField): Checked<string> {
  if (offset >= table.length) {
    return refuse('bad-name', field, offset, `an offset below ${hex(table.length)}`)
  }
  const limit = Math.min(table.length, offset + MAX_NAME_BYTES + 1)
  for (let end = offset; end < limit; end += 1) {
    const byte = table[end] ?? 0
    if (byte === 0) return read(String.fromCharCode(...table.subarray(offset, end)))
    if (byte < 0x20 || byte > 0x7e) {
      return refuse('bad-name', field, offset, 'a name of printable characters')
    }
  }
  return refuse('bad-name', field, offset, `a name that ends within ${MAX_NAME_BYTES} bytes`)
}
