import { describe, expect, it } from 'vitest'
import { virtualAddress } from '../address/address.ts'
import type { Image } from '../image/image.ts'
import { SAMPLE_START, type SampleSymbol } from '../image/testing/sample-image.ts'
import { bootRewrites, lastingBytes } from './boot-rewrites.ts'
import { alternativesTable, type SampleTable, tableImage } from './testing/table-image.ts'

const SYMBOLS: readonly SampleSymbol[] = [{ name: 'check', offset: 0, byteLength: 64 }]

function imageWith(tables: readonly SampleTable[]): Image {
  const code = new Uint8Array(256).fill(0x90)
  code.set([0xf3, 0x0f, 0x1e, 0xfa], 64)
  return tableImage(code, SYMBOLS, tables)
}

/** How many of the 16 bytes at an offset stay as linked. */
function lastingAt(image: Image, offset: number): number | undefined {
  const start = virtualAddress(SAMPLE_START + BigInt(offset))
  return lastingBytes(image, bootRewrites(image), { start, byteLength: 16 })?.length
}

describe('lastingBytes()', () => {
  it('gives all bytes of an image without tables', () => {
    expect(lastingAt(imageWith([]), 0)).toBe(16)
  })

  it.each([12, 14] as const)('stops before an alternative, with entries of %i bytes', (width) => {
    const image = imageWith([
      alternativesTable(
        [
          [200, 4],
          [5, 3],
          [12, 3],
        ],
        width,
      ),
    ])
    expect(lastingAt(image, 0)).toBe(5)
    expect(lastingAt(image, 5)).toBe(0)
    expect(lastingAt(image, 6)).toBe(0)
    expect(lastingAt(image, 8)).toBe(4)
    expect(lastingAt(image, 15)).toBe(16)
  })

  it('relies on nothing where the table of alternatives is of an unknown form', () => {
    const table = alternativesTable([[200, 4]])
    const spoilt = { ...table, encode: () => new Uint8Array(13).fill(0x7f) }
    expect(lastingAt(imageWith([spoilt]), 0)).toBe(0)
  })

  it('stops before a call that boot makes direct', () => {
    const table: SampleTable = {
      first: '__alt_call_sites_start',
      end: '__alt_call_sites_end',
      encode: (start) => {
        const bytes = new Uint8Array(4)
        new DataView(bytes.buffer).setInt32(0, Number(SAMPLE_START + 9n - start), true)
        return bytes
      },
    }
    expect(lastingAt(imageWith([table]), 0)).toBe(9)
    expect(lastingAt(imageWith([table]), 14)).toBe(0)
    expect(lastingAt(imageWith([table]), 15)).toBe(16)
  })

  it('relies on no endbr64 that boot may take away', () => {
    const pointers = new BigUint64Array([7n, SAMPLE_START + 64n, 0xffff_ffff_ffff_ffffn])
    const table: SampleTable = {
      first: '__initdata_cf_clobber_start',
      end: '__initdata_cf_clobber_end',
      encode: () => new Uint8Array(pointers.buffer),
    }
    expect(lastingAt(imageWith([table]), 64)).toBe(0)
    expect(lastingAt(imageWith([table]), 68)).toBe(16)
  })

  it('gives nothing for bytes that the image does not have', () => {
    expect(lastingAt(imageWith([]), 0x10_0000)).toBeUndefined()
  })
})
