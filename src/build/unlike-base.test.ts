import { describe, expect, it } from 'vitest'
import { virtualAddress } from '../address/address.ts'
import type { ObjectProof, Verdict } from '../baseline/object-proof.ts'
import type { ImageSymbol } from '../image/image.ts'
import { unaccountedReasons, unprovenAround } from './unlike-base.ts'

const START = 0xffff_82d0_4020_0000n

function symbol(name: string, index: number, file?: string): ImageSymbol {
  const address = virtualAddress(START + BigInt(index * 16))
  const binding = file === undefined ? 'global' : 'local'
  return { name, file, address, byteLength: 16, kind: 'function', binding }
}

function proofOf(object: string, verdicts: Readonly<Record<string, Verdict>>): ObjectProof {
  const functions = Object.entries(verdicts).map(([name, verdict]) => {
    return { symbol: { name, file: undefined }, byteLength: 16, verdict }
  })
  return { object, functions, data: [], leftOut: [] }
}

const same = (index: number): Verdict => {
  return { kind: 'identical', address: virtualAddress(START + BigInt(index * 16)) }
}
const other = (index: number): Verdict => ({
  kind: 'different',
  address: virtualAddress(START + BigInt(index * 16)),
  difference: { kind: 'bytes', at: 3, within: undefined, found: '01', wanted: '02' },
})

const PROOF = {
  proofs: [
    proofOf('common/dm.o', { dm_op: same(0), copy: other(1) }),
    proofOf('common/timer.o', { tick: other(2) }),
  ],
  cached: false,
}

describe('unaccountedReasons()', () => {
  it('has nothing against a base whose functions are all there', () => {
    const symbols = [symbol('dm_op', 0), symbol('copy', 1), symbol('tick', 2)]
    expect(unaccountedReasons(PROOF, { symbols })).toEqual([])
  })

  it('names functions of the base that the source, as configured, does not compile to', () => {
    const symbols = [symbol('dm_op', 0), symbol('hvm_op', 7, 'hvm.c')]
    expect(unaccountedReasons(PROOF, { symbols })).toMatchObject([
      {
        kind: 'baseline-incomplete',
        sentence: expect.stringMatching(
          /has 1 function that .* \(hvm\.c#hvm_op\), .*xen\/\.config/,
        ),
      },
    ])
  })
})

describe('unprovenAround()', () => {
  it('tells of every unproven function of the objects that the patch touches', () => {
    expect(unprovenAround(PROOF, ['common/dm.o'], [])).toMatchObject([
      {
        kind: 'baseline-not-proven',
        object: 'common/dm.o',
        sentence: expect.stringMatching(
          /: 1 function beside .* is not proven .* \(copy\), .*byte 3/,
        ),
      },
    ])
  })

  it('leaves out what has a reason already, and objects that the patch does not touch', () => {
    expect(unprovenAround(PROOF, ['common/dm.o'], ['copy'])).toEqual([])
  })

  it('tells of the whole baseline where the patch touches none of it', () => {
    const objects = unprovenAround(PROOF, undefined, []).map(({ object }) => object)
    expect(objects).toEqual(['common/dm.o', 'common/timer.o'])
  })
})
