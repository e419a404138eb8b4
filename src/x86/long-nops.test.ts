import { describe, expect, it } from 'vitest'
import { virtualAddress } from '../address/address.ts'
import { decode } from './decode.ts'
import { longNops } from './long-nops.ts'

describe('longNops()', () => {
  it('fills any length with NOPs, as few as can be', () => {
    for (let byteLength = 0; byteLength < 40; byteLength += 1) {
      const decoded = decode(longNops(byteLength), virtualAddress(0x1000n))
      expect(decoded.kind).toBe('decoded')
      expect(decoded.instructions.every(({ isNop }) => isNop)).toBe(true)
      expect(decoded.instructions).toHaveLength(Math.ceil(byteLength / 8))
    }
  })
})
