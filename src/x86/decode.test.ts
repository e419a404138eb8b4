import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { virtualAddress } from '../address/address.ts'
import { hexBytes } from '../address/testing/hex-bytes.ts'
import { decode } from './decode.ts'
import { endsFlow } from './instruction.ts'

const AT = virtualAddress(0xffff_82d0_4020_0000n)

describe('decode()', () => {
  // The bytes are Intel's encodings (SDM volume 2), one instruction a line.
  it.each([
    ['90', 'next'],
    ['eb 10', 'jump'],
    ['e9 00 01 00 00', 'jump'],
    ['75 10', 'conditional-jump'],
    ['0f 87 c7 00 00 00', 'conditional-jump'],
    ['e3 10', 'conditional-jump'],
    ['e8 00 00 00 00', 'call'],
    ['ff d0', 'indirect-call'],
    ['ff e0', 'indirect-jump'],
    ['c3', 'return'],
    ['48 cf', 'return'],
    ['cc', 'interrupt'],
    ['0f 0b', 'exception'],
  ])('tells the flow of %s: %s', (hex, flow) => {
    const decoded = decode(hexBytes(hex), AT)
    expect(decoded.instructions.map((instruction) => instruction.flow)).toEqual([flow])
  })

  it('gives the targets of branches and of operands relative to rip', () => {
    const { instructions } = decode(hexBytes('75 10  48 8b 05 08 00 00 00  ff e0'), AT)
    expect(instructions.map((each) => each.branchTarget)).toEqual([
      AT + 0x12n,
      undefined,
      undefined,
    ])
    expect(instructions.map((each) => each.ripTarget)).toEqual([undefined, AT + 0x11n, undefined])
  })

  it('names the fields that hold displacements and immediates', () => {
    const { instructions } = decode(
      hexBytes('48 b8 01 02 03 04 05 06 07 08  c7 05 00 00 00 00 01 00 00 00  e9 00 00 00 00'),
      AT,
    )
    expect(instructions.map((instruction) => instruction.fields)).toEqual([
      [{ kind: 'immediate', at: 2, byteLength: 8 }],
      [
        { kind: 'displacement', at: 2, byteLength: 4 },
        { kind: 'immediate', at: 6, byteLength: 4 },
      ],
      [{ kind: 'immediate', at: 1, byteLength: 4 }],
    ])
  })

  it('takes NOPs of any length for NOPs, and int3 for none', () => {
    const nops = '90  66 90  0f 1f 00  0f 1f 44 00 00  66 2e 0f 1f 84 00 00 00 00 00  cc'
    const { instructions } = decode(hexBytes(nops), AT)
    expect(instructions.map((each) => each.isNop)).toEqual([true, true, true, true, true, false])
  })

  it('knows endbr64', () => {
    const { instructions } = decode(hexBytes('f3 0f 1e fa c3'), AT)
    expect(instructions.map((instruction) => instruction.isEndbr)).toEqual([true, false])
  })

  it('says where no instruction begins, and keeps what came before', () => {
    const invalid = decode(hexBytes('90 06'), AT)
    const cutShort = decode(hexBytes('90 90 e9 00 00'), AT)
    expect(invalid).toMatchObject({ kind: 'undecodable', offset: 1 })
    expect(cutShort).toMatchObject({ kind: 'undecodable', offset: 2 })
    expect(cutShort.instructions).toHaveLength(2)
  })

  it('covers any bytes without gaps, and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const decoded = decode(bytes, AT)
        let covered = 0
        for (const instruction of decoded.instructions) {
          expect(instruction.offset).toBe(covered)
          covered += instruction.byteLength
        }
        expect(covered).toBe(decoded.kind === 'decoded' ? bytes.byteLength : decoded.offset)
      }),
      { seed: 506, numRuns: 500 },
    )
  })
})

describe('endsFlow()', () => {
  it('holds for jumps, returns and ud2, and not for calls and conditional jumps', () => {
    const hex = 'eb 00  ff e0  c3  0f 0b  e8 00 00 00 00  75 00  cc  90'
    const { instructions } = decode(hexBytes(hex), AT)
    expect(instructions.map(endsFlow)).toEqual([true, true, true, true, false, false, false, false])
  })
})
