import { describe, expect, it } from 'vitest'
import { machineAddress } from '../address/address.ts'
import type { BuildId } from '../image/build-id.ts'
import type { EndRecord, JournalEntry, JournalRecord } from '../splice/journal.ts'
import type { SpliceGoal } from '../splice/precheck.ts'
import { twoDetoursAndAnEdit } from '../splice/testing/sample-plans.ts'
import { XEN_ERRNO } from '../xen/xen-errno.ts'
import { livepatchesListed, memoryFixesFrom, type MemoryFixesHost } from './memory-fixes.ts'

const HOST: MemoryFixesHost = {
  bootId: 'this boot',
  labOnly: new Set<string>(),
  livepatches: [],
  advisoryOf: (hotfix) => (hotfix === 'xsa-506' ? 'XSA-506' : undefined),
}
const PLAN = twoDetoursAndAnEdit

function journal(bootId: string, ...records: readonly JournalRecord[]): readonly JournalEntry[] {
  return records.map((record, index) => ({
    sequence: index + 1,
    bootId,
    time: '2026-11-21T12:00:00.000Z',
    record,
  }))
}

function begin(transaction: string, goal: SpliceGoal): JournalRecord {
  const machineStart = machineAddress(0x1000n)
  return { kind: 'begin', transaction, goal, machineStart, engine: 'edu', plan: PLAN }
}

function end(transaction: string): EndRecord {
  return { kind: 'end', transaction, result: { kind: 'completed' } }
}

const applied = { name: PLAN.fix, advisory: PLAN.advisory, channel: 'dma', state: 'applied' }

describe('memoryFixesFrom()', () => {
  it('knows a fix whose last transaction ended well, by what that was to reach', () => {
    const put = [begin('1', 'applied'), end('1')]
    expect(memoryFixesFrom(journal('this boot', ...put), HOST)).toEqual([applied])
    const taken = [...put, begin('2', 'not-applied'), end('2')]
    expect(memoryFixesFrom(journal('this boot', ...taken), HOST)).toEqual([
      { ...applied, state: 'not-applied' },
    ])
  })

  it('does not know how a transaction without an end left memory', () => {
    expect(memoryFixesFrom(journal('this boot', begin('1', 'applied')), HOST)).toEqual([
      { ...applied, state: 'unknown' },
    ])
  })

  it('finds nothing of an earlier boot in memory', () => {
    const entries = journal('an earlier boot', begin('1', 'applied'), end('1'))
    expect(memoryFixesFrom(entries, HOST)).toEqual([])
  })

  it('does not take a fix for the lab, which may open a hole, for a closed one', () => {
    const entries = journal('this boot', begin('1', 'applied'), end('1'))
    const host = { ...HOST, labOnly: new Set([PLAN.fix]) }
    expect(memoryFixesFrom(entries, host)).toEqual([{ ...applied, state: 'unknown' }])
  })

  it('knows what Reweave applied by livepatch, while Xen has it in use', () => {
    const name = 'reweave-xsa-506-5a5a5a5a'
    const entries = journal('this boot', livepatchApply('xsa-506', name))
    const inUse: MemoryFixesHost = { ...HOST, livepatches: [{ name, state: 'applied' }] }
    const told = { name: 'xsa-506', advisory: 'XSA-506', channel: 'livepatch', state: 'applied' }
    expect(memoryFixesFrom(entries, inUse)).toEqual([told])
    const loaded: MemoryFixesHost = { ...HOST, livepatches: [{ name, state: 'checked' }] }
    expect(memoryFixesFrom(entries, loaded)).toEqual([])
    const lab = { ...inUse, labOnly: new Set(['xsa-506']) }
    expect(memoryFixesFrom(entries, lab)).toEqual([{ ...told, state: 'unknown' }])
  })

  it('claims nothing while livepatches of others are applied', () => {
    const livepatches = [{ name: 'lp_4.17', state: 'applied' }] as const
    expect(memoryFixesFrom([], { ...HOST, livepatches })).toBeUndefined()
  })
})

function livepatchApply(hotfix: string, name: string): JournalRecord {
  const buildId = 'aa'.repeat(20) as BuildId
  return {
    kind: 'livepatch-apply',
    transaction: 't1',
    action: 'apply',
    hotfix,
    name,
    buildId,
    dependsOn: buildId,
    functions: [],
  }
}

describe('livepatchesListed()', () => {
  const answer = (errno: number) => livepatchesListed({ kind: 'error', errno })

  it('takes a Xen without livepatching for one that has none', () => {
    for (const errno of [XEN_ERRNO.ENOSYS, XEN_ERRNO.EOPNOTSUPP]) expect(answer(errno)).toEqual([])
  })

  it('does not take a refusal for an empty list, so that nothing is said of memory', () => {
    expect(answer(XEN_ERRNO.EPERM)).toBeUndefined()
    expect(livepatchesListed(undefined)).toBeUndefined()
    expect(memoryFixesFrom([], { ...HOST, livepatches: undefined })).toBeUndefined()
  })
})
