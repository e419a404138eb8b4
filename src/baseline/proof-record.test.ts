import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BuildId } from '../image/build-id.ts'
import { SAMPLE_BUILD_ID } from '../image/testing/sample-image.ts'
import { readProofRecord, writeProofRecord } from './proof-record.ts'
import { arbitraryProofs } from './testing/arbitrary-proofs.ts'

const BUILD_ID = SAMPLE_BUILD_ID as BuildId

const ONE = JSON.parse(
  writeProofRecord(BUILD_ID, [
    {
      object: 'common/dm.o',
      functions: [
        {
          symbol: { name: 'do_dm_op', file: undefined },
          byteLength: 220,
          verdict: { kind: 'not-in-image', reason: 'unknown' },
        },
      ],
      data: [],
      leftOut: [],
    },
  ]),
)

function refusal(record: unknown): string {
  const result = readProofRecord(JSON.stringify(record), BUILD_ID)
  if (result.kind === 'read') throw new Error('The record was read')
  return result.why
}

/** The record with other members in its one function. */
function withFunction(members: object): unknown {
  const [object] = ONE.objects
  const functions = [{ ...object.functions[0], ...members }]
  return { ...ONE, objects: [{ ...object, functions }] }
}

describe('readProofRecord()', () => {
  it('reads back what writeProofRecord() wrote', () => {
    fc.assert(
      fc.property(arbitraryProofs, (proofs) => {
        const result = readProofRecord(writeProofRecord(BUILD_ID, proofs), BUILD_ID)
        expect(result).toEqual({ kind: 'read', proofs })
      }),
      { seed: 0xba5e04, numRuns: 200 },
    )
  })

  it('refuses a record that was cut anywhere', () => {
    fc.assert(
      fc.property(arbitraryProofs, fc.nat(), (proofs, where) => {
        const text = writeProofRecord(BUILD_ID, proofs).trimEnd()
        const cut = text.slice(0, where % text.length)
        expect(readProofRecord(cut, BUILD_ID).kind).toBe('refused')
      }),
      { seed: 0xba5e05, numRuns: 100 },
    )
  })

  it.each([
    ['no object', 'x', 'Cannot use the proof record: it is no object'],
    ['another version', { ...ONE, version: 0 }, 'Cannot use the proof record: version is not 2'],
    [
      'another image',
      { ...ONE, buildId: '00'.repeat(20) },
      `Cannot use the proof record: buildId is not ${BUILD_ID}`,
    ],
    ['no objects', { ...ONE, objects: {} }, 'Cannot use the proof record: objects is no list'],
    [
      'a member that nobody wrote',
      { ...ONE, more: 1 },
      'Cannot use the proof record: it has a member more',
    ],
    [
      'a verdict of another kind',
      withFunction({ verdict: { kind: 'fine' } }),
      'Cannot use the proof record: objects[0].functions[0].verdict is none of identical, ' +
        'explained, different, not-in-image',
    ],
    [
      'a verdict without its facts',
      withFunction({ verdict: { kind: 'identical' } }),
      'Cannot use the proof record: objects[0].functions[0].verdict has no address',
    ],
    [
      'an address that is none',
      withFunction({ verdict: { kind: 'identical', address: '12' } }),
      'Cannot use the proof record: objects[0].functions[0].verdict.address is no address',
    ],
    [
      'a negative length',
      withFunction({ byteLength: -1 }),
      'Cannot use the proof record: objects[0].functions[0].byteLength is no count',
    ],
  ])('refuses %s', (_, record, why) => {
    expect(refusal(record)).toBe(why)
  })
})
