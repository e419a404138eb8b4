import { describe, expect, it } from 'vitest'
import { virtualAddress } from '../../address/address.ts'
import { hexBytes } from '../../address/testing/hex-bytes.ts'
import { unreadRegisters } from './unread-registers.ts'

const unread = (hex: string) => [...unreadRegisters(hexBytes(hex), virtualAddress(0x1000n))]

describe('unreadRegisters()', () => {
  it('names what is overwritten before it is read', () => {
    // xor edx,edx; mov rsi,rdi; mov ecx,1
    expect(unread('31 d2 48 89 fe b9 01 00 00 00 c3')).toEqual(['rdx', 'rsi', 'rcx'])
  })

  it('leaves out what is read first, and what is overwritten in part', () => {
    // mov rsi,rdx; xor edx,edx; mov al,1
    expect(unread('48 89 d6 31 d2 b0 01 c3')).toEqual(['rsi'])
  })

  it('ends at a branch, at a call, and at what it does not know', () => {
    expect(unread('74 00 31 d2 c3')).toEqual([])
    expect(unread('e8 00 00 00 00 31 d2 c3')).toEqual([])
    expect(unread('fa 31 d2 c3')).toEqual([])
  })
})
