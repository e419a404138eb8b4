import * as fc from 'fast-check'
import { virtualAddress } from '../../address/address.ts'
import type { ObjectProof, SymbolProof, Verdict } from '../object-proof.ts'

const text = fc.string({ maxLength: 12 })
const count = fc.nat(0x10_0000)
const address = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map(virtualAddress)

const verdict: fc.Arbitrary<Verdict> = fc.oneof(
  fc.record({ kind: fc.constant('identical'), address }),
  fc.record({
    kind: fc.constant('explained'),
    address,
    texts: fc.array(fc.record({ at: count, found: text, wanted: text }), { maxLength: 3 }),
  }),
  fc.record({
    kind: fc.constant('different'),
    address,
    difference: fc.record({
      kind: fc.constantFrom('length', 'bytes', 'reference', 'text', 'table', 'unresolved'),
      at: count,
      within: fc.option(text, { nil: undefined }),
      found: text,
      wanted: text,
    }),
  }),
  fc.record({
    kind: fc.constant('not-in-image'),
    reason: fc.constantFrom('discarded', 'object-not-linked', 'defined-elsewhere', 'unknown'),
  }),
)

const symbolProof: fc.Arbitrary<SymbolProof> = fc.record({
  symbol: fc.record({ name: text, file: fc.option(text, { nil: undefined }) }),
  byteLength: count,
  verdict,
})

/** Proofs of any form. */
export const arbitraryProofs: fc.Arbitrary<ObjectProof[]> = fc.array(
  fc.record({
    object: text,
    functions: fc.array(symbolProof, { maxLength: 4 }),
    data: fc.array(symbolProof, { maxLength: 2 }),
    leftOut: fc.array(text, { maxLength: 2 }),
  }),
  { maxLength: 4 },
)
