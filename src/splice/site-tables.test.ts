import { describe, expect, it } from 'vitest'
import { hexBytes } from '../address/testing/hex-bytes.ts'
import type { Image } from '../image/image.ts'
import { sampleImage } from '../image/testing/sample-image.ts'
import { FunctionSweeps } from './function-sweeps.ts'
import { judgeDetour, judgeEdit } from './site-safety.ts'
import { faultEntry, fixedEntry } from './site-tables.ts'
import { sampleAddress } from './testing/sample-splice.ts'

/**
 * A function at 0 (`mov eax,1; mov eax,2; ret`) with padding behind it, one at 0x10 (`ud2; ud2; ret`),
 * an exception table of two entries at 0x20, a table with one alternative at 0x30, and bug frames at
 * 0x40. The tables lie in `.text`, where a sample has room for bytes.
 */
function tablesImage(): Image {
  const text = new Uint8Array(0x50).fill(0x90)
  const view = new DataView(text.buffer)
  text.set(hexBytes('b8 01 00 00 00  b8 02 00 00 00  c3'))
  // Two instructions that may fault, at 0x100 and 5, and where each goes on.
  view.setInt32(0x20, 0x100 - 0x20, true)
  view.setInt32(0x24, 0, true)
  view.setInt32(0x28, 5 - 0x28, true)
  view.setInt32(0x2c, 0, true)
  text.set(hexBytes('0f 0b  0f 0b  c3'), 0x10)
  // A warning at 0x10, and a bug at 0x12.
  view.setInt32(0x40, (0x10 - 0x40) & 0xff_ffff, true)
  view.setInt32(0x44, 0, true)
  view.setInt32(0x48, (0x12 - 0x48) & 0xff_ffff, true)
  view.setInt32(0x4c, 0, true)
  // The original bytes of the alternative, 1 at 0x0a, and 2 of padding behind it.
  view.setInt32(0x30, 0x0a - 0x30, true)
  view.setInt32(0x34, 0, true)
  text.set([0, 0, 1, 3, 2, 0], 0x38)
  const mark = (name: string, offset: number): { name: string; offset: number; byteLength: 0 } => ({
    name,
    offset,
    byteLength: 0,
  })
  return sampleImage({
    text,
    symbols: [
      { name: 'one', offset: 0, byteLength: 11 },
      { name: 'two', offset: 0x10, byteLength: 5 },
      mark('__start_bug_frames_0', 0x40),
      mark('__stop_bug_frames_1', 0x48),
      mark('__stop_bug_frames_3', 0x50),
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

describe('fixedEntry()', () => {
  it('names each site that shares a byte with an alternative', () => {
    const entry = { table: 'the table of alternatives', at: sampleAddress(0x0a) }
    expect(fixedEntry(IMAGE, site(0x09, 2))).toEqual(entry)
    expect(fixedEntry(IMAGE, site(0x0c, 1))).toEqual(entry)
    expect(fixedEntry(IMAGE, site(0x0d, 1))).toBeUndefined()
    expect(fixedEntry(IMAGE, site(0x05, 5))).toBeUndefined()
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

  it('names a warning, which Xen reads again after the trap, and not a bug, which ends all', () => {
    const entry = { table: 'the table of bug frames', at: sampleAddress(0x10) }
    expect(fixedEntry(IMAGE, site(0x10, 2))).toEqual(entry)
    expect(fixedEntry(IMAGE, site(0x12, 2))).toBeUndefined()
    const sweeps = new FunctionSweeps(IMAGE)
    expect(judgeEdit(sweeps, site(0x10, 2), hexBytes('66 90'))).toMatchObject({ kind: 'unsafe' })
  })
})
