import { describe, expect, it } from 'vitest'
import { virtualAddress } from '../address/address.ts'
import { isProven } from './is-proven.ts'
import type { ObjectProof, Verdict } from './object-proof.ts'
import { summariseProofs } from './summarise-proofs.ts'

const address = virtualAddress(0xffff_82d0_4020_0000n)
const IDENTICAL: Verdict = { kind: 'identical', address }
const EXPLAINED: Verdict = {
  kind: 'explained',
  address,
  texts: [{ at: 3, found: 'Monday', wanted: 'Friday' }],
}
const DIFFERENT: Verdict = {
  kind: 'different',
  address,
  difference: { kind: 'reference', at: 9, within: undefined, found: 'outer', wanted: 'other' },
}
const ABSENT: Verdict = { kind: 'not-in-image', reason: 'discarded' }

function objectProof(
  object: string,
  verdicts: Readonly<Record<string, Verdict>>,
  file?: string,
): ObjectProof {
  const functions = Object.entries(verdicts).map(([name, verdict]) => ({
    symbol: { name, file },
    byteLength: 16,
    verdict,
  }))
  return { object, functions, data: [], leftOut: [] }
}

const PROOFS = [
  objectProof('common/a.o', { one: IDENTICAL, two: EXPLAINED, three: ABSENT }),
  objectProof('common/b.o', { four: DIFFERENT }, 'common/b.c'),
]

describe('summariseProofs()', () => {
  it('counts the functions, and tells of each that is not identical in one sentence', () => {
    const { exceptions, ...counts } = summariseProofs(PROOFS)
    expect(counts).toEqual({
      functions: 4,
      identical: 1,
      explained: 1,
      different: 1,
      notInImage: 1,
    })
    expect(exceptions.map(({ object, kind, sentence }) => [object, kind, sentence])).toEqual([
      [
        'common/b.o',
        'different',
        "four of common/b.o is not the image's: at byte 9 the image refers to outer, the object " +
          'to other',
      ],
      [
        'common/a.o',
        'explained',
        'two of common/a.o differs only in a text that says how the image was built: ' +
          "'Monday', not 'Friday'",
      ],
      [
        'common/a.o',
        'not-in-image',
        'three of common/a.o is not in the image: its section is thrown away when Xen is linked',
      ],
    ])
  })

  it('takes a global function that differs for not linked where another object is proven', () => {
    const summary = summariseProofs([
      objectProof('arch/x86/string.o', { memcpy: IDENTICAL }),
      objectProof('lib/memcpy.o', { memcpy: DIFFERENT }),
    ])
    expect(summary).toMatchObject({ identical: 1, different: 0, notInImage: 1 })
    expect(summary.exceptions[0]?.sentence).toBe(
      'memcpy of lib/memcpy.o is not in the image: the image has the symbol from another object',
    )
  })

  it('takes what differs, and what is missing for no known reason, for more than harmless', () => {
    const lost: Verdict = { kind: 'not-in-image', reason: 'unknown' }
    const { exceptions } = summariseProofs([...PROOFS, objectProof('common/c.o', { five: lost })])
    expect(exceptions.map(({ symbol, harmless }) => [symbol.name, harmless])).toEqual([
      ['four', false],
      ['two', true],
      ['three', true],
      ['five', false],
    ])
  })

  it('keeps static functions of one name apart', () => {
    const summary = summariseProofs([
      objectProof('a.o', { get: IDENTICAL }, 'a.c'),
      objectProof('b.o', { get: DIFFERENT }, 'b.c'),
    ])
    expect(summary).toMatchObject({ identical: 1, different: 1, notInImage: 0 })
  })
})

describe('isProven()', () => {
  it.each([
    ['one', undefined, true],
    ['two', undefined, true],
    ['three', undefined, false],
    ['four', 'common/b.c', false],
    ['four', undefined, false],
    ['one', 'common/a.c', false],
    ['nobody', undefined, false],
  ])('answers of %s in %s: %s', (name, file, answer) => {
    expect(isProven(PROOFS, { name, file })).toBe(answer)
  })

  it('says no of a global function of which one of two proofs fails', () => {
    const proofs = [
      objectProof('arch/x86/string.o', { memcpy: IDENTICAL }),
      objectProof('lib/memcpy.o', { memcpy: DIFFERENT }),
    ]
    expect(isProven(proofs, { name: 'memcpy', file: undefined })).toBe(false)
  })
})
