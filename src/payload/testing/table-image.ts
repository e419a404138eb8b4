/**
 * Images with tables in them as Xen has them, for tests: made of bytes in `.text`, where only the
 * symbols around them count.
 *
 * @module
 */

import type { Image } from '../../image/image.ts'
import { SAMPLE_START, sampleImage, type SampleSymbol } from '../../image/testing/sample-image.ts'

/** A table: what is in it, and the symbols before and, if it has one, behind it. */
export interface SampleTable {
  readonly first: string
  readonly end?: string
  /** Given the table's address, its bytes. */
  readonly encode: (start: bigint) => Uint8Array
}

/** Code of NOPs with the symbols given, and the tables behind it. */
export function tableImage(
  code: Uint8Array,
  symbols: readonly SampleSymbol[],
  tables: readonly SampleTable[],
): Image {
  let end = Math.ceil(code.length / 16) * 16
  const placed: { readonly at: number; readonly bytes: Uint8Array }[] = [{ at: 0, bytes: code }]
  const marks: SampleSymbol[] = []
  for (const table of tables) {
    const bytes = table.encode(SAMPLE_START + BigInt(end))
    marks.push({ name: table.first, offset: end, byteLength: 0, kind: 'none' })
    if (table.end !== undefined) {
      marks.push({ name: table.end, offset: end + bytes.length, byteLength: 0, kind: 'none' })
    }
    placed.push({ at: end, bytes })
    end = Math.ceil((end + bytes.length + 1) / 16) * 16
  }
  const text = new Uint8Array(end).fill(0x90)
  for (const { at, bytes } of placed) text.set(bytes, at)
  return sampleImage({ text, symbols: [...symbols, ...marks] })
}

/**
 * Xen's own table of symbols, each letter its own token but for `longest`, which has one.
 *
 * `_start`, by which the table's origin is found, is added.
 */
export function xenTable(
  names: readonly (readonly [name: string, offset: number])[],
  longest = 'check',
): readonly SampleTable[] {
  const tokens = Array.from({ length: 256 }, (_, code) =>
    code === 1 ? longest : code > 1 && code < 0x7f ? String.fromCharCode(code) : '',
  )
  const starts: number[] = []
  let text = ''
  for (const token of tokens) {
    starts.push(text.length)
    text += `${token}\0`
  }
  const entries = [['_start', 0] as const, ...names]
  const encoded = entries.flatMap(([name]) => {
    // `T` stands for the type. An entry without a name marks an end.
    const letters = name === '' ? [] : codes(`T${name.replaceAll(longest, '\u0001')}`)
    return [letters.length, ...letters]
  })
  return [
    { first: 'symbols_num_syms', encode: () => bytesOf([entries.length], 4) },
    {
      first: 'symbols_offsets',
      encode: () =>
        bytesOf(
          entries.map(([, offset]) => 0x1000 + offset),
          4,
        ),
    },
    { first: 'symbols_names', encode: () => Uint8Array.from(encoded) },
    { first: 'symbols_token_table', encode: () => Uint8Array.from(codes(text)) },
    { first: 'symbols_token_index', encode: () => bytesOf(starts, 2) },
  ]
}

/** A table of `struct alt_instr` for sites at the offsets given, 14 or 12 bytes an entry. */
export function alternativesTable(
  sites: readonly (readonly [offset: number, byteLength: number])[],
  entryBytes: 12 | 14 = 14,
): SampleTable {
  return {
    first: '__alt_instructions',
    end: '__alt_instructions_end',
    encode: (start) => {
      const bytes = new Uint8Array(sites.length * entryBytes)
      const view = new DataView(bytes.buffer)
      for (const [index, [offset, byteLength]] of sites.entries()) {
        const at = index * entryBytes
        view.setInt32(at, Number(SAMPLE_START + BigInt(offset) - start) - at, true)
        view.setUint8(at + 10, entryBytes === 14 ? byteLength - 1 : byteLength)
        if (entryBytes === 14) view.setUint8(at + 12, 1)
      }
      return bytes
    },
  }
}

function codes(text: string): number[] {
  return Array.from(text, (letter) => letter.charCodeAt(0))
}

function bytesOf(values: readonly number[], width: number): Uint8Array {
  const bytes = new Uint8Array(values.length * width)
  for (const [index, value] of values.entries()) {
    for (let byte = 0; byte < width; byte += 1) bytes[index * width + byte] = value >>> (8 * byte)
  }
  return bytes
}
