import { describe, expect, it } from 'vitest'
import { virtualAddress } from '../address/address.ts'
import { ImageReferences } from './image-references.ts'

describe('ImageReferences', () => {
  it('gives those to a range, whatever their order', () => {
    const at = (value: number) => virtualAddress(BigInt(value))
    const call = (from: number, to: number) =>
      ({ from: at(from), to: at(to), form: 'call' }) as const
    const references = new ImageReferences([call(9, 5), call(1, 7), call(3, 5), call(2, 4)])
    expect(references.to({ start: at(5), byteLength: 2 })).toEqual([call(3, 5), call(9, 5)])
    expect(references.to({ start: at(8), byteLength: 9 })).toEqual([])
    expect(references.all).toHaveLength(4)
  })
})
