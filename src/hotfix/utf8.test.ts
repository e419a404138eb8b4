import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { utf8Bytes, utf8Text } from './utf8.ts'

describe('utf8Bytes() and utf8Text()', () => {
  it('agree with the encoder that Node has', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect([...utf8Bytes(text)]).toEqual([...Buffer.from(text, 'utf8')])
        expect(utf8Text(utf8Bytes(text))).toBe(text)
      }),
      { seed: 20261122 },
    )
  })

  it('agree on a long text, wherever it is divided', () => {
    const text = `a${'\u20ac'.repeat(5000)}`
    expect(utf8Text(utf8Bytes(text))).toBe(text)
  })

  it('take exactly the bytes that a strict decoder takes', () => {
    const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 6 }), (bytes) => {
        let wanted: string | undefined
        try {
          wanted = strict.decode(bytes)
        } catch {
          wanted = undefined
        }
        expect(utf8Text(bytes)).toBe(wanted)
      }),
      { seed: 20261122, numRuns: 2000 },
    )
  })
})
