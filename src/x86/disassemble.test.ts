import { describe, expect, it } from 'vitest'
import { virtualAddress } from '../address/address.ts'
import { hexBytes } from '../address/testing/hex-bytes.ts'
import { disassemble } from './disassemble.ts'

describe('disassemble()', () => {
  it('writes Intel syntax with plain hexadecimal numbers', () => {
    const bytes = hexBytes('0f 87 c7 00 00 00  48 c7 c0 c3 ff ff ff  c3')
    const lines = disassemble(bytes, virtualAddress(0xffff_82d0_4020_6793n))
    expect(lines.map((line) => line.text)).toEqual([
      'ja 0xffff82d040206860',
      'mov rax, 0xffffffffffffffc3',
      'ret',
    ])
    expect(lines.map((line) => line.address)).toEqual([
      0xffff_82d0_4020_6793n,
      0xffff_82d0_4020_6799n,
      0xffff_82d0_4020_67a0n,
    ])
  })

  it('shows every byte, also those that are no instruction', () => {
    const bytes = hexBytes('90 06 90 e9 00')
    const lines = disassemble(bytes, virtualAddress(0n))
    expect(lines.map((line) => line.text)).toEqual(['nop', '(bad)', 'nop', '(bad)', '(bad)'])
    expect(lines.flatMap((line) => [...line.bytes])).toEqual([...bytes])
  })
})
