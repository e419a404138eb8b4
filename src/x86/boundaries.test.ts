import { describe, expect, it } from 'vitest'
import { virtualAddress } from '../address/address.ts'
import { hexBytes } from '../address/testing/hex-bytes.ts'
import { type CleanSweep, sweepFunction } from './boundaries.ts'

const AT = virtualAddress(0x1000n)

function cleanSweep(hex: string): CleanSweep {
  const sweep = sweepFunction(hexBytes(hex), AT)
  if (sweep.kind === 'unclean') throw new Error(`The sweep is unclean: ${sweep.reason}`)
  return sweep
}

describe('sweepFunction()', () => {
  it('finds every boundary, and where the function branches into itself', () => {
    // cmp esi,2; ja +2; nop; nop; ret
    const sweep = cleanSweep('83 fe 02  77 02  90  90  c3')
    expect([...sweep.boundaries]).toEqual([0, 3, 5, 6, 7])
    expect([...sweep.targets]).toEqual([7])
  })

  it('leaves branches to other functions out of account', () => {
    const sweep = cleanSweep('e8 fb 0f 00 00  c3')
    expect(sweep.targets.size).toBe(0)
  })

  it('is unclean where bytes are no instruction', () => {
    const sweep = sweepFunction(hexBytes('90 06 c3'), AT)
    expect(sweep).toEqual({ kind: 'unclean', offset: 1, reason: 'undecodable' })
  })

  it('is unclean where a branch arrives inside an instruction', () => {
    // jmp to the second byte of the mov
    const sweep = sweepFunction(hexBytes('eb 01  b8 00 00 00 00  c3'), AT)
    expect(sweep).toEqual({ kind: 'unclean', offset: 3, reason: 'branch-into-instruction' })
  })
})
