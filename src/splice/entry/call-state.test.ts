import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Effect } from '../../x86/effect.ts'
import { GENERAL_REGISTERS, type GeneralRegister } from '../../x86/general-register.ts'
import { afterEffect, AT_CALL, type CallState, valueOf } from './call-state.ts'

function after(...effects: readonly Effect[]): CallState | undefined {
  return effects.reduce<CallState | undefined>(
    (state, effect) => state && afterEffect(state, effect),
    AT_CALL,
  )
}

const PUSH_RBX: Effect = { kind: 'push', from: 'rbx' }
const FRAME: Effect = { kind: 'set', to: 'rsp', from: 'rsp', plus: -24 }
const store = (displacement: number, base: GeneralRegister = 'rsp'): Effect => {
  return { kind: 'store', to: { base, displacement, byteLength: 8 }, from: 'rdi', reads: ['rdi'] }
}
const load = (base: GeneralRegister, displacement: number): Effect => {
  const memory = { base, displacement, byteLength: 8 }
  return { kind: 'compute', reads: [base], writes: ['rax'], memory }
}

describe('afterEffect()', () => {
  it('follows what a register held through copies, sums and the stack', () => {
    const state = after(
      PUSH_RBX,
      { kind: 'set', to: 'rbx', from: 'rdi', plus: 8 },
      { kind: 'set', to: 'r12', from: 'rbx', plus: -3 },
    )
    expect(state && valueOf(state, 'r12')).toEqual({ of: 'rdi', plus: 5 })
    expect(state?.words).toEqual(new Map([[-8, { of: 'rbx', plus: 0 }]]))
    expect(state?.depth).toBe(8)
  })

  it('takes a store into the own frame, and no other', () => {
    expect(after(FRAME, store(0))?.words).toEqual(new Map([[-24, { of: 'rdi', plus: 0 }]]))
    expect(after(FRAME, store(16))?.words.size).toBe(1)
    // the return address, what is above it, and what an interrupt may write over
    for (const displacement of [17, 24, 32, -8]) {
      expect(after(FRAME, store(displacement))).toBeUndefined()
    }
    expect(after(FRAME, store(0, 'rdi'))).toBeUndefined()
  })

  it('forgets a word that another store cuts, and what lies below the stack pointer', () => {
    expect(after(FRAME, store(8), store(4))?.words.size).toBe(1)
    const raised: Effect = { kind: 'set', to: 'rsp', from: 'rsp', plus: 8 }
    expect(after(PUSH_RBX, raised)).toMatchObject({ depth: 0, words: new Map() })
  })

  it('refuses a stack pointer that it does not know, or above the return address', () => {
    expect(after({ kind: 'set', to: 'rsp', from: 'rax', plus: 0 })).toBeUndefined()
    expect(after({ kind: 'set', to: 'rsp', from: 'rsp', plus: 8 })).toBeUndefined()
    const aligned: Effect = { kind: 'compute', reads: ['rsp'], writes: ['rsp'], memory: 'none' }
    expect(after(aligned)).toBeUndefined()
  })

  it("reads the image, the own frame and the stack's last page, and not what an argument points to", () => {
    const fill: Effect = { kind: 'fill', to: 'rdx', mask: 0x7fff }
    const toStack: Effect = { kind: 'set', to: 'rdx', from: 'rsp', plus: 0 }
    expect(after({ kind: 'compute', reads: [], writes: ['rax'], memory: 'image' })).toBeDefined()
    expect(after(FRAME, load('rsp', 8))).toBeDefined()
    expect(after(toStack, fill, load('rdx', -0x37))).toBeDefined()
    expect(after(toStack, fill, load('rdx', 1))).toBeUndefined()
    expect(after(toStack, fill, load('rdx', -0x1000))).toBeUndefined()
    expect(after(fill, load('rdx', -0x37))).toBeUndefined()
    expect(after(load('rdi', 0x10))).toBeUndefined()
    expect(after({ kind: 'opaque' })).toBeUndefined()
  })

  it('remembers which values were looked at, be it for a copy', () => {
    const copied: Effect = { kind: 'set', to: 'rcx', from: 'rax', plus: 0 }
    const read: Effect = { kind: 'compute', reads: ['rcx'], writes: [], memory: 'none' }
    expect(after(PUSH_RBX)?.used).toEqual(new Set())
    expect(after(copied)?.used).toEqual(new Set(['rax']))
    expect(after(copied, read)?.used).toEqual(new Set(['rax']))
  })

  it('never claims a value for a register that it does not know', () => {
    const register = fc.constantFrom(...GENERAL_REGISTERS.filter((name) => name !== 'rsp'))
    fc.assert(
      fc.property(register, register, (from, to) => {
        const lost: Effect = { kind: 'compute', reads: [], writes: [from], memory: 'none' }
        const state = after(lost, { kind: 'set', to, from, plus: 0 })
        expect(state && valueOf(state, to)).toBeUndefined()
      }),
      { seed: 3 },
    )
  })
})
