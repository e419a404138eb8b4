import { describe, expect, it } from 'vitest'
import { virtualAddress } from '../address/address.ts'
import { hexBytes } from '../address/testing/hex-bytes.ts'
import { sweepFunction } from './boundaries.ts'
import { unreachedNops } from './unreached-nops.ts'

function nopsOf(hex: string): ReturnType<typeof unreachedNops> {
  const sweep = sweepFunction(hexBytes(hex), virtualAddress(0x1000n))
  if (sweep.kind === 'unclean') throw new Error(`The sweep is unclean: ${sweep.reason}`)
  return unreachedNops(sweep)
}

describe('unreachedNops()', () => {
  it('finds the NOPs behind an unconditional jump, as one run', () => {
    expect(nopsOf('74 09  eb 07  0f 1f 44 00 00  66 90  c3')).toEqual([
      { offset: 4, byteLength: 7 },
    ])
  })

  it('finds the NOPs behind a return at the end', () => {
    expect(nopsOf('c3  0f 1f 44 00 00')).toEqual([{ offset: 1, byteLength: 5 }])
  })

  it('leaves NOPs out that execution falls into', () => {
    expect(nopsOf('85 c0  0f 1f 44 00 00  c3')).toEqual([])
    expect(nopsOf('e8 00 00 00 00  0f 1f 44 00 00  c3')).toEqual([])
  })

  it('ends a run where a branch arrives', () => {
    // je to the second NOP
    expect(nopsOf('74 07  eb 0a  0f 1f 44 00 00  0f 1f 44 00 00  c3')).toEqual([
      { offset: 4, byteLength: 5 },
    ])
  })

  it('finds none in a function with an indirect jump', () => {
    expect(nopsOf('ff e0  0f 1f 44 00 00  c3')).toEqual([])
  })
})
