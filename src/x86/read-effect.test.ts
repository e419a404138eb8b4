import { describe, expect, it } from 'vitest'
import { virtualAddress } from '../address/address.ts'
import { hexBytes } from '../address/testing/hex-bytes.ts'
import { readEffect } from './read-effect.ts'

const effectOf = (hex: string) => readEffect(hexBytes(hex), virtualAddress(0x1000n))
const compute = (
  reads: readonly string[],
  writes: readonly string[],
  memory: unknown = 'none',
): unknown => ({ kind: 'compute', reads, writes, memory })

describe('readEffect()', () => {
  it.each([
    ['48 89 fb', 'mov %rdi,%rbx', { kind: 'set', to: 'rbx', from: 'rdi', plus: 0 }],
    ['4c 8d 74 24 10', 'lea 0x10(%rsp),%r14', { kind: 'set', to: 'r14', from: 'rsp', plus: 16 }],
    ['48 83 ec 18', 'sub $0x18,%rsp', { kind: 'set', to: 'rsp', from: 'rsp', plus: -24 }],
    ['48 83 c4 80', 'add $-0x80,%rsp', { kind: 'set', to: 'rsp', from: 'rsp', plus: -128 }],
    [
      '48 81 ec 88 01 00 00',
      'sub $0x188,%rsp',
      { kind: 'set', to: 'rsp', from: 'rsp', plus: -392 },
    ],
  ])('knows of %s (%s) what the register holds then', (hex, _, effect) => {
    expect(effectOf(hex)).toEqual(effect)
  })

  it.each([
    ['53', 'rbx'],
    ['41 57', 'r15'],
    ['6a 00', undefined],
    ['68 00 01 00 00', undefined],
  ])('knows of the push %s where its 8 bytes are from', (hex, from) => {
    expect(effectOf(hex)).toEqual({ kind: 'push', from })
  })

  it('knows where a store goes, and from which register if that is a whole one', () => {
    const to = { base: 'rsp', displacement: 8, byteLength: 8 }
    const whole = { kind: 'store', to, from: 'rdi', reads: expect.arrayContaining(['rdi']) as [] }
    expect(effectOf('48 89 7c 24 08')).toEqual(whole)
    const half = { to: { ...to, byteLength: 4 }, from: undefined }
    expect(effectOf('89 7c 24 08')).toMatchObject(half)
    expect(effectOf('c7 44 24 08 00 00 00 00')).toMatchObject(half)
  })

  it.each([
    ['31 c0', 'xor %eax,%eax', compute([], ['rax'])],
    ['89 f5', 'mov %esi,%ebp', compute(['rsi'], ['rbp'])],
    ['b8 01 00 00 00', 'mov $1,%eax', compute([], ['rax'])],
    ['b0 01', 'mov $1,%al', compute(['rax'], ['rax'])],
    ['83 fe 02', 'cmp $2,%esi', compute(['rsi'], [])],
    ['48 83 e4 f0', 'and $-16,%rsp', compute(['rsp'], ['rsp'])],
    ['8b 0d 00 01 00 00', 'mov 0x100(%rip),%ecx', compute([], ['rcx'], 'image')],
    ['48 8d 05 00 01 00 00', 'lea 0x100(%rip),%rax', compute([], ['rax'])],
    ['f3 0f 1e fa', 'endbr64', compute([], [])],
    ['0f 1f 40 00', 'nop', compute([], [])],
  ])('knows of %s (%s) which registers it reads and writes', (hex, _, effect) => {
    expect(effectOf(hex)).toEqual(effect)
  })

  it('knows the register and the distance of memory that is read', () => {
    const memory = { base: 'rdi', displacement: 16, byteLength: 8 }
    expect(effectOf('48 8b 47 10')).toEqual(compute(['rdi'], ['rax'], memory))
    expect(effectOf('48 8b 04 d7')).toMatchObject({ memory: 'other' })
    expect(effectOf('65 48 8b 07')).toMatchObject({ memory: 'other' })
  })

  it('does not know which memory a bit test with a register looks into', () => {
    expect(effectOf('48 0f a3 3d 00 01 00 00')).toMatchObject({ memory: 'other' })
    expect(effectOf('0f a3 7c 24 08')).toMatchObject({ memory: 'other' })
    expect(effectOf('48 0f ba 25 00 01 00 00 03')).toMatchObject({ memory: 'image' })
  })

  it('knows an or that fills low bits', () => {
    expect(effectOf('48 81 ca ff 7f 00 00')).toEqual({ kind: 'fill', to: 'rdx', mask: 0x7fff })
    expect(effectOf('48 81 ca fe 7f 00 00')).toEqual(compute(['rdx'], ['rdx']))
  })

  it.each([
    ['e8 00 00 00 00', 'call'],
    ['74 00', 'je'],
    ['c3', 'ret'],
    ['58', 'pop %rax'],
    ['9c', 'pushf'],
    ['54', 'push %rsp'],
    ['ff 37', 'push (%rdi)'],
    ['66 53', 'push %bx'],
    ['0f 0b', 'ud2'],
    ['fa', 'cli'],
    ['0f a2', 'cpuid'],
    ['ee', 'out %al,(%dx)'],
    ['0f 20 c0', 'mov %cr0,%rax'],
    ['8e d8', 'mov %eax,%ds'],
    ['f0 48 83 00 01', 'lock add $1,(%rax)'],
    ['48 83 04 d7 01', 'add $1,(%rdi,%rdx,8)'],
    ['f3 aa', 'rep stos'],
    ['48 8b 47 10 90', 'two instructions'],
    ['48 8b', 'half an instruction'],
    ['06', 'no instruction'],
  ])('takes %s (%s) for opaque', (hex) => {
    expect(effectOf(hex)).toEqual({ kind: 'opaque' })
  })
})
