import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hexBytes } from '../address/testing/hex-bytes.ts'
import { holeBytes, readCodeText } from './code-text.ts'

describe('readCodeText()', () => {
  it('reads bytes over several lines, and leaves comments out', () => {
    const code = readCodeText('48 C7 c0\t01 # mov $1\n\n# nothing\n00 00 00#end\n')
    expect(code.problems).toEqual([])
    expect(code.bytes).toEqual(hexBytes('48 c7 c0 01 00 00 00'))
  })

  it('makes holes of zeros, with their relocations', () => {
    const code = readCodeText('e8 {pc32 dm.c#dm_op+0x10} # call\n48 b8 {abs64 idle_vcpu}')
    expect(code.problems).toEqual([])
    expect(code.bytes).toEqual(hexBytes('e8 00 00 00 00  48 b8 00 00 00 00 00 00 00 00'))
    expect(code.relocations).toEqual([
      { at: 1, kind: 'pc32', target: { symbol: 'dm.c#dm_op', offset: 16 } },
      { at: 7, kind: 'abs64', target: { symbol: 'idle_vcpu', offset: 0 } },
    ])
    expect(code.relocations.map(holeBytes)).toEqual([4, 8])
  })

  it.each([
    ['90 9', 0, 3, '9', 'This is no byte'],
    ['90\n90 zz', 1, 3, 'zz', 'This is no byte'],
    ['9090', 0, 0, '9090', 'This is no byte'],
    ['e9{pc32 a}', 0, 2, '{pc32 a}', 'Bytes and holes have space between them'],
    ['{pc16 a}', 0, 0, '{pc16 a}', 'This is no relocation'],
    ['{pc32}', 0, 0, '{pc32}', 'This is no relocation'],
    ['{pc32 a+3}', 0, 0, '{pc32 a+3}', 'The relocation names no place'],
    ['e9 {pc32 a', 0, 3, '{', 'This is no relocation'],
  ])('says what is wrong with %j and where', (text, line, column, found, sentence) => {
    expect(readCodeText(text).problems[0]).toMatchObject({ line, column, found, sentence })
  })

  it('reads any text without throwing, and every character that is not space has a say', () => {
    const text = fc.string({
      unit: fc.constantFrom(...'09af {}#\n\tpc32 x+'.split('')),
      maxLength: 80,
    })
    fc.assert(
      fc.property(text, (source) => {
        const code = readCodeText(source)
        const bare = source.replaceAll(/\{[^{}\n]*\}/g, ' 00 ').replaceAll(/#.*/g, '')
        const isBytes = /^(?:[0-9a-fA-F]{2}(?: |$))*$/.test(bare.replaceAll(/\s+/g, ' ').trim())
        expect(isBytes || code.problems.length > 0).toBe(true)
      }),
      { seed: 506, numRuns: 1000 },
    )
  })
})
