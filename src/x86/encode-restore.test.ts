import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { virtualAddress } from '../address/address.ts'
import { disassemble } from './disassemble.ts'
import { encodeLea, encodeMove, encodePop } from './encode-restore.ts'
import { GENERAL_REGISTERS } from './general-register.ts'
import { readEffect } from './read-effect.ts'

const AT = virtualAddress(0x1000n)
const register = fc.constantFrom(...GENERAL_REGISTERS)

describe('encodePop()', () => {
  it.each(GENERAL_REGISTERS)('pops %s', (name) => {
    expect(disassemble(encodePop(name), AT).map(({ text }) => text)).toEqual([`pop ${name}`])
  })
})

describe('encodeMove() and encodeLea()', () => {
  it('set any register from any other, by any displacement', () => {
    const displacement = fc.oneof(fc.integer({ min: -0x100, max: 0x100 }), fc.integer())
    fc.assert(
      fc.property(register, register, displacement, (to, from, plus) => {
        const effect = { kind: 'set', to, from }
        expect(readEffect(encodeMove(to, from), AT)).toEqual({ ...effect, plus: 0 })
        expect(readEffect(encodeLea(to, from, plus), AT)).toEqual({ ...effect, plus })
      }),
      { seed: 3, numRuns: 300 },
    )
  })

  it('refuse a displacement of more than 32 bits', () => {
    expect(() => encodeLea('rax', 'rax', 0x8000_0000)).toThrow(RangeError)
  })
})
