import { describe, expect, it } from 'vitest'
import { machineAddress } from '../address/address.ts'
import type { BuildId } from '../image/build-id.ts'
import type { JournalRecord, LivepatchRecord, TransactionRecord } from '../splice/journal.ts'
import { twoDetoursAndAnEdit as plan } from '../splice/testing/sample-plans.ts'
import { keepingJournal } from './keeping-journal.ts'

const machineStart = machineAddress(0x1000n)
const begin = { kind: 'begin', transaction: 't', engine: 'edu', machineStart, plan } as const
const buildId = '5a'.repeat(20) as BuildId
const livepatch = { transaction: 't', name: 'reweave-xsa-1-5a5a5a5a' } as const

/** What happens, in order: `keep`, and the kinds of records. */
async function eventsOf(
  records: readonly (TransactionRecord | LivepatchRecord)[],
): Promise<string[]> {
  const events: string[] = []
  const append = async ({ kind }: JournalRecord): Promise<void> => {
    events.push(kind)
  }
  const journal = keepingJournal({ append }, () => events.push('keep'))
  for (const record of records) await journal.append(record)
  return events
}

describe('keepingJournal()', () => {
  it('keeps the hotfix before the first record of an apply, on either channel', async () => {
    const intent = { kind: 'intent', transaction: 't', write: 0, direction: 'put-after' } as const
    expect(await eventsOf([{ ...begin, goal: 'applied' }, intent])).toEqual([
      'keep',
      'begin',
      'intent',
    ])
    const apply = { kind: 'livepatch-apply', action: 'apply', hotfix: 'xsa-1' } as const
    const record = { ...apply, ...livepatch, buildId, dependsOn: buildId, functions: [] }
    expect(await eventsOf([record])).toEqual(['keep', 'livepatch-apply'])
  })

  it('keeps nothing of what is taken out', async () => {
    const withdraw = { kind: 'livepatch-withdraw', action: 'revert', ...livepatch } as const
    expect(await eventsOf([{ ...begin, goal: 'not-applied' }, withdraw])).toEqual([
      'begin',
      'livepatch-withdraw',
    ])
  })

  it('records nothing of a hotfix that cannot be kept', async () => {
    const events: string[] = []
    const append = async (): Promise<void> => {
      events.push('record')
    }
    const journal = keepingJournal({ append }, () => {
      throw new Error('The disk is full')
    })
    await expect(journal.append({ ...begin, goal: 'applied' })).rejects.toThrow('The disk is full')
    expect(events).toEqual([])
  })
})
