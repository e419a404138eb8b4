import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { virtualAddress } from '../address/address.ts'
import { hexBytes } from '../address/testing/hex-bytes.ts'
import { decode } from './decode.ts'
import { type ReferenceForm, scanReferences } from './scan-references.ts'

const AT = virtualAddress(0xffff_82d0_4020_0000n)

function scan(bytes: Uint8Array) {
  const references: (readonly [offset: number, target: bigint, form: ReferenceForm])[] = []
  const ends: number[] = []
  const runsOff = scanReferences(bytes, AT, {
    reference: (...each) => references.push(each),
    flowEnds: (offset) => ends.push(offset),
  })
  return { references, ends, runsOff }
}

describe('scanReferences()', () => {
  it('reports calls, jumps and operands relative to rip', () => {
    const { references } = scan(
      hexBytes('e8 00 01 00 00  74 02  eb fe  48 8d 05 10 00 00 00  ff 15 00 00 00 00  ff e0'),
    )
    expect(references).toEqual([
      [0, AT + 0x105n, 'call'],
      [5, AT + 9n, 'jump'],
      [7, AT + 7n, 'jump'],
      [9, AT + 0x20n, 'operand'],
      [16, AT + 22n, 'operand'],
    ])
  })

  it.each([
    ['a return', 'c3', false],
    ['a jump with padding behind it', 'eb fe 90 cc 0f 1f 00', false],
    ['ud2', '0f 0b', false],
    ['a call', 'e8 00 00 00 00', true],
    ['a conditional jump', '74 fe', true],
    ['nothing', '', true],
    ['bytes that are no instruction', 'c3 06', true],
  ])('tells whether execution may run off the end of %s', (_, hex, runsOff) => {
    expect(scan(hexBytes(hex)).runsOff).toBe(runsOff)
  })

  it('goes on behind bytes that are no instruction', () => {
    expect(scan(hexBytes('06 e8 00 00 00 00')).references).toEqual([[1, AT + 6n, 'call']])
  })

  it('reports what decode() finds, of any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const { references } = scan(bytes)
        const decoded = decode(bytes, AT)
        const wanted = decoded.instructions.flatMap((each) => {
          const target = each.flow === 'transaction' ? undefined : each.branchTarget
          return target ?? each.ripTarget ?? []
        })
        expect(references.slice(0, wanted.length).map(([, target]) => target)).toEqual(wanted)
      }),
      { seed: 506, numRuns: 500 },
    )
  })
})
