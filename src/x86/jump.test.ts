import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { advance, virtualAddress } from '../address/address.ts'
import { hexBytes } from '../address/testing/hex-bytes.ts'
import { decode } from './decode.ts'
import {
  encodeNearJump,
  encodeShortJump,
  nearJumpTarget,
  reachesNear,
  reachesShort,
  shortJumpTarget,
} from './jump.ts'

const FROM = virtualAddress(0xffff_82d0_4020_6793n)

describe('the two jumps', () => {
  it('are encoded as Intel has them', () => {
    expect(encodeShortJump(FROM, advance(FROM, 0x22))).toEqual(hexBytes('eb 20'))
    expect(encodeShortJump(FROM, FROM)).toEqual(hexBytes('eb fe'))
    expect(encodeNearJump(FROM, advance(FROM, 0x17_510d))).toEqual(hexBytes('e9 08 51 17 00'))
  })

  it('reach exactly as far as their displacements', () => {
    expect([-127, -126, 129, 130].map((away) => reachesShort(FROM, advance(FROM, away)))).toEqual([
      false,
      true,
      true,
      false,
    ])
    const ends = [-0x8000_0000 + 4, -0x8000_0000 + 5, 0x7fff_ffff + 5, 0x7fff_ffff + 6]
    expect(ends.map((away) => reachesNear(FROM, advance(FROM, away)))).toEqual([
      false,
      true,
      true,
      false,
    ])
  })

  it('are refused out of reach', () => {
    expect(() => encodeShortJump(FROM, advance(FROM, 130))).toThrow(RangeError)
    expect(() => encodeNearJump(FROM, virtualAddress(0n))).toThrow(RangeError)
  })

  it('are read back as they were encoded, and as the decoder reads them', () => {
    const short = fc.integer({ min: -126, max: 129 })
    const near = fc.integer({ min: -0x4000_0000, max: 0x4000_0000 })
    fc.assert(
      fc.property(short, near, (shortAway, nearAway) => {
        const shortTo = advance(FROM, shortAway)
        const nearTo = advance(FROM, nearAway)
        const shortBytes = encodeShortJump(FROM, shortTo)
        const nearBytes = encodeNearJump(FROM, nearTo)
        expect(shortJumpTarget(shortBytes, FROM)).toBe(shortTo)
        expect(nearJumpTarget(nearBytes, FROM)).toBe(nearTo)
        expect(decode(shortBytes, FROM).instructions[0]?.branchTarget).toBe(shortTo)
        expect(decode(nearBytes, FROM).instructions[0]?.branchTarget).toBe(nearTo)
      }),
      { seed: 506 },
    )
  })

  it('are told from other bytes', () => {
    expect(nearJumpTarget(hexBytes('0f 87 c7 00 00 00'), FROM)).toBeUndefined()
    expect(nearJumpTarget(hexBytes('e9 00'), FROM)).toBeUndefined()
    expect(shortJumpTarget(hexBytes('77 5c'), FROM)).toBeUndefined()
    expect(shortJumpTarget(hexBytes('eb'), FROM)).toBeUndefined()
  })

  it('have no target outside the address space', () => {
    expect(nearJumpTarget(hexBytes('e9 00 00 00 80'), virtualAddress(0n))).toBeUndefined()
  })
})
