import { describe, expect, it } from 'vitest'
import { virtualAddress } from '../../address/address.ts'
import { hexBytes } from '../../address/testing/hex-bytes.ts'
import { FunctionSweeps } from '../function-sweeps.ts'
import { functionOf, imageOf, sampleAddress } from '../testing/sample-splice.ts'
import { functionsOf } from './entry-survey.ts'
import type { EntrySwitch } from './entry-switch.ts'
import { EntrySwitches } from './find-entry-switch.ts'
import { linkEntrySwitch } from './link-entry-switch.ts'

/** The switch of a function that pushes, then moves: a stub, a relay, and a store of two bytes. */
function undone(): EntrySwitch {
  const image = imageOf([functionOf('one', '53 48 89 fb 5b c3'), functionOf('other', 'c3')])
  const sweeps = new FunctionSweeps(image)
  const [symbol] = functionsOf(sweeps)
  const found = symbol && new EntrySwitches(sweeps).find(symbol, { isFree: () => true })
  if (found?.kind !== 'switchable') throw new Error('The function cannot be switched')
  return found
}

const STUB = { at: sampleAddress(0x100), before: new Uint8Array(6), place: 'padding behind .text' }

describe('linkEntrySwitch()', () => {
  it('stages the stub, then puts the relay, then makes the store', () => {
    const linked = linkEntrySwitch(undone(), sampleAddress(0x200), STUB)
    expect(linked).toMatchObject({
      kind: 'linked',
      writes: [
        // pop rbx; jmp 0x200
        { role: 'stage', at: sampleAddress(0x100), after: hexBytes('5b e9 fa 00 00 00') },
        // jmp 0x100, in the padding behind the function
        { role: 'relay', at: sampleAddress(6), after: hexBytes('e9 f5 00 00 00') },
        // jmp 6
        {
          role: 'switch',
          at: sampleAddress(1),
          before: hexBytes('48 89'),
          after: hexBytes('eb 03'),
          place: 'one+0x1',
        },
      ],
    })
  })

  it('says which jump does not reach', () => {
    const far = virtualAddress(0x1000n)
    expect(linkEntrySwitch(undone(), far, STUB)).toEqual({
      kind: 'out-of-reach',
      from: sampleAddress(0x101),
      to: far,
    })
    const farStub = { ...STUB, at: far }
    expect(linkEntrySwitch(undone(), far, farStub)).toEqual({
      kind: 'out-of-reach',
      from: sampleAddress(6),
      to: far,
    })
  })

  it('throws when the stub has no place, or one of another size', () => {
    expect(() => linkEntrySwitch(undone(), sampleAddress(0x200))).toThrow(RangeError)
    const long = { ...STUB, before: new Uint8Array(7) }
    expect(() => linkEntrySwitch(undone(), sampleAddress(0x200), long)).toThrow(RangeError)
  })
})
