import * as fc from 'fast-check'
import { machineAddress, virtualAddress } from '../../address/address.ts'
import { buildIdFromBytes } from '../../image/build-id.ts'
import type { JournalEntry, LivepatchRecord, TransactionRecord } from '../journal.ts'
import { arbitraryPlan } from './arbitrary-plan.ts'

// Text of all kinds: what a fix file holds reaches the journal.
const text = fc.string({ unit: 'binary', maxLength: 20 })
const transaction = fc.string({ minLength: 1, maxLength: 8 })
const write = fc.nat()
const direction = fc.constantFrom('put-after', 'put-before')

/** Any record of a transaction. */
export const arbitraryRecord: fc.Arbitrary<TransactionRecord> = fc.oneof(
  fc.record({
    kind: fc.constant('begin'),
    transaction,
    goal: fc.constantFrom('applied', 'not-applied'),
    machineStart: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }).map(machineAddress),
    engine: text,
    plan: fc
      .tuple(arbitraryPlan, text, text)
      .map(([plan, fix, advisory]) => ({ ...plan, fix, advisory })),
  }),
  fc.record({ kind: fc.constant('intent'), transaction, write, direction }),
  fc.record({
    kind: fc.constant('outcome'),
    transaction,
    write,
    direction,
    result: fc.oneof(
      fc.constant({ kind: 'verified' as const }),
      fc.record({ kind: fc.constant('failed'), what: text }),
    ),
  }),
  fc.record({
    kind: fc.constant('passage'),
    transaction,
    result: fc.oneof(
      fc.constant({ kind: 'left' as const }),
      fc.record({ kind: fc.constant('unknown'), why: text }),
    ),
  }),
  fc.record({
    kind: fc.constant('end'),
    transaction,
    result: fc.oneof(
      fc.constant({ kind: 'completed' as const }),
      fc.record({ kind: fc.constant('abandoned'), reason: text }),
    ),
  }),
)

const buildId = fc.uint8Array({ minLength: 8, maxLength: 32 }).map((bytes) => {
  const made = buildIdFromBytes(bytes)
  if (made === undefined) throw new RangeError('8 to 32 bytes are a build-id')
  return made
})

/** Any record of a livepatch action. */
export const arbitraryLivepatchRecord: fc.Arbitrary<LivepatchRecord> = fc.oneof(
  fc.record({
    kind: fc.constant('livepatch-apply'),
    transaction,
    action: fc.constantFrom('apply', 'replace'),
    hotfix: text,
    name: text,
    buildId,
    dependsOn: buildId,
    functions: fc.array(
      fc.record({
        name: text,
        address: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }).map(virtualAddress),
        byteLength: fc.nat(),
      }),
      { maxLength: 3 },
    ),
  }),
  fc.record({
    kind: fc.constant('livepatch-withdraw'),
    transaction,
    action: fc.constantFrom('revert', 'unload'),
    name: text,
  }),
  fc.record({
    kind: fc.constant('livepatch-end'),
    transaction,
    result: fc.oneof(
      fc.constant({ kind: 'completed' as const }),
      fc.record({ kind: fc.constant('refused'), why: text }),
      fc.record({ kind: fc.constant('incomplete'), what: text }),
    ),
  }),
)

/** Entries as a journal numbers them. */
export const arbitraryEntries: fc.Arbitrary<readonly JournalEntry[]> = fc
  .array(fc.oneof(arbitraryRecord, arbitraryLivepatchRecord), { maxLength: 5 })
  .map((records) =>
    records.map((record, index) => ({
      sequence: index + 1,
      bootId: 'b4d9f2c0-0000-4000-8000-000000000001',
      time: '2026-01-02T03:04:05.678Z',
      record,
    })),
  )
