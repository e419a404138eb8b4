import { describe, expect, it } from 'vitest'
import type { Image } from '../image/image.ts'
import { SAMPLE_START, type SampleSymbol } from '../image/testing/sample-image.ts'
import { smallImage } from './testing/sample-payload.ts'
import { type SampleTable, tableImage, xenTable } from './testing/table-image.ts'
import { readXenNames, xenName } from './xen-names.ts'

const SYMBOLS: readonly SampleSymbol[] = [
  { name: 'check', offset: 0, byteLength: 32 },
  { name: 'helper', file: 'common/check.c', offset: 32, byteLength: 32 },
]

const TABLE = xenTable([
  ['check', 0],
  ['common/check.c#helper', 32],
  ['', 64],
  ['twin', 96],
  ['twin', 112],
  ['same', 128],
  ['same', 128],
])

function imageWith(tables: readonly SampleTable[]): Image {
  return tableImage(new Uint8Array(256).fill(0x90), SYMBOLS, tables)
}

describe('readXenNames()', () => {
  it("reads the names in the hypervisor's own table, static ones with their file", () => {
    const names = readXenNames(imageWith(TABLE))
    expect(names.source).toBe('xen')
    expect(names.lookUp('check')).toEqual({ kind: 'found', address: SAMPLE_START })
    const helper = { kind: 'found', address: SAMPLE_START + 32n }
    expect(names.lookUp('common/check.c#helper')).toEqual(helper)
    expect(names.lookUp('helper')).toEqual({ kind: 'not-found' })
  })

  it('calls a name ambiguous only where it stands for several places', () => {
    const names = readXenNames(imageWith(TABLE))
    expect(names.lookUp('twin').kind).toBe('ambiguous')
    expect(names.lookUp('same')).toEqual({ kind: 'found', address: SAMPLE_START + 128n })
  })

  it('does not find what the image has and the table leaves out', () => {
    const names = readXenNames(imageWith(xenTable([['check', 0]])))
    expect(names.lookUp('common/check.c#helper')).toEqual({ kind: 'not-found' })
  })

  it("takes the image's own symbols where there is no table", () => {
    const names = readXenNames(smallImage())
    expect(names.source).toBe('image')
    const helper = { kind: 'found', address: SAMPLE_START + 32n }
    expect(names.lookUp('common/check.c#helper')).toEqual(helper)
  })

  it("takes the image's own symbols where a table is spoilt", () => {
    for (const first of ['symbols_num_syms', 'symbols_names', 'symbols_token_index']) {
      const spoilt = TABLE.map((table) =>
        table.first === first
          ? { ...table, encode: (start: bigint) => table.encode(start).fill(0xff) }
          : table,
      )
      expect(readXenNames(imageWith(spoilt)).source).toBe('image')
    }
  })

  it('names a static symbol with its file and a global one without', () => {
    expect(xenName({ name: 'helper', file: 'common/check.c' })).toBe('common/check.c#helper')
    expect(xenName({ name: 'check', file: undefined })).toBe('check')
  })
})
