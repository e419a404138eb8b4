import { describe, expect, it } from 'vitest'
import { hexBytes } from '../address/testing/hex-bytes.ts'
import type { Image } from '../image/image.ts'
import { sampleImage } from '../image/testing/sample-image.ts'
import { FunctionSweeps } from './function-sweeps.ts'
import { judgeDetour, judgeEdit } from './site-safety.ts'
import { alternativeEntry, faultEntry } from './site-tables.ts'
import { sampleAddress } from './testing/sample-splice.ts'

/**
 * A function at 0 (`mov eax,1; ret`) with padding behind it, an exception table of two entries at
 * 0x20, and a table with one alternative at 0x30. The tables lie in `.text`, where a sample has
 * room for bytes.
 */
function tablesImage(): Image {
  const text = new Uint8Array(0x40).fill(0x90)
  const view = new DataView(text.buffer)
  text.set(hexBytes('b8 01 00 00 00  b8 02 00 00 00  c3'))
  // Two instructions that may fault, at 0x100 and 5, and where each goes on.
  view.setInt32(0x20, 0x100 - 0x20, true)
  view.setInt32(0x24, 0, true)
  view.setInt32(0x28, 5 - 0x28, true)
  view.setInt32(0x2c, 0, true)
  // The original bytes of the alternative: 3 at 0x0a.
  view.setInt32(0x30, 0x0a - 0x30, true)
  view.setInt32(0x34, 0, true)
  text.set([0, 0, 3, 3, 0, 0], 0x38)
  const mark = (name: string, offset: number): { name: string; offset: number; byteLength: 0 } => ({
    name,
    offset,
    byteLength: 0,
  })
  return sampleImage({
    text,
    symbols: [
      { name: 'one', offset: 0, byteLength: 11 },
      mark('__start___ex_table', 0x20),
      mark('__stop___ex_table', 0x30),
      mark('__alt_instructions', 0x30),
      mark('__alt_instructions_end', 0x3e),
    ],
  })
}

const IMAGE = tablesImage()

function site(
  offset: number,
  byteLength: number,
): { start: ReturnType<typeof sampleAddress>; byteLength: number } {
  return { start: sampleAddress(offset), byteLength }
}

describe('faultEntry()', () => {
  it('names the instruction that the exception table has, and no other', () => {
    const entry = { table: 'the exception table', at: sampleAddress(5) }
    expect(faultEntry(IMAGE, site(5, 5))).toEqual(entry)
    expect(faultEntry(IMAGE, site(0, 5))).toBeUndefined()
  })

  it('stands against a detour, and not against an edit, which leaves the address', () => {
    const sweeps = new FunctionSweeps(IMAGE)
    expect(judgeDetour(sweeps, site(5, 5))).toMatchObject({ reason: { kind: 'named-by-table' } })
    expect(judgeDetour(sweeps, site(0, 5))).toMatchObject({ kind: 'safe' })
    expect(judgeEdit(sweeps, site(5, 5), hexBytes('b8 03 00 00 00'))).toMatchObject({
      kind: 'safe',
    })
  })
})

describe('alternativeEntry()', () => {
  it('names each site that shares a byte with an alternative', () => {
    const entry = { table: 'the table of alternatives', at: sampleAddress(0x0a) }
    expect(alternativeEntry(IMAGE, site(0x09, 2))).toEqual(entry)
    expect(alternativeEntry(IMAGE, site(0x0c, 1))).toEqual(entry)
    expect(alternativeEntry(IMAGE, site(0x0d, 1))).toBeUndefined()
    expect(alternativeEntry(IMAGE, site(0x05, 5))).toBeUndefined()
  })

  it('stands against an edit', () => {
    const sweeps = new FunctionSweeps(IMAGE)
    expect(judgeEdit(sweeps, site(0x0a, 1), hexBytes('90'))).toEqual({
      kind: 'unsafe',
      reason: {
        kind: 'named-by-table',
        table: 'the table of alternatives',
        at: sampleAddress(0x0a),
      },
    })
  })
})
