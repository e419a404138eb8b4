import { describe, expect, it } from 'vitest'
import { formatPlace, parsePlace } from './place-text.ts'

describe('parsePlace()', () => {
  it.each([
    ['do_dm_op', 'do_dm_op', 0],
    ['do_dm_op+0x3', 'do_dm_op', 3],
    ['dm.c#dm_op+0x1a', 'dm.c#dm_op', 26],
    ['arch/x86/hvm/dm.c#dm_op', 'arch/x86/hvm/dm.c#dm_op', 0],
    ['dm_op.part.0+0xff', 'dm_op.part.0', 255],
  ])('reads %s, and formatPlace() writes it back', (text, symbol, offset) => {
    const place = parsePlace(text, 200)
    expect(place).toEqual({ symbol, offset })
    expect(place && formatPlace(place)).toBe(text)
  })

  it.each(['', '+0x3', 'a+3', 'a-0x3', 'a+0x', 'a+0x1234567', 'a b', '#a', 'a#', '9a', 'a+0x3 '])(
    'takes %j for no place',
    (text) => {
      expect(parsePlace(text, 200)).toBeUndefined()
    },
  )

  it('refuses a symbol that is too long', () => {
    expect(parsePlace('a'.repeat(11), 10)).toBeUndefined()
    expect(parsePlace('a'.repeat(1_000_000), 10)).toBeUndefined()
  })
})
