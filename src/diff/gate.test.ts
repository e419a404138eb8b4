import { describe, expect, it } from 'vitest'
import { gate } from './gate.ts'
import { describeReason, inObject, type Reason } from './reason.ts'

const LAYOUT: Reason = {
  kind: 'layout-changed',
  object: undefined,
  symbol: undefined,
  type: 'struct domain',
  member: 'tot_pages',
  before: 'offset 48',
  after: 'offset 56',
}
const BASELINE = inObject('common/dm.o', {
  kind: 'baseline-not-proven',
  symbol: 'do_dm_op',
  found: 'byte 12 differs',
})
const REMOVED: Reason = { kind: 'object-removed', object: 'common/old.o', symbol: undefined }

describe('gate()', () => {
  it('lists every reason once, in one order whoever found it first', () => {
    const lists = [[BASELINE, LAYOUT], [{ ...LAYOUT }], [REMOVED]]
    expect(gate(...lists)).toEqual([LAYOUT, BASELINE, REMOVED])
    expect(gate(...lists.toReversed())).toEqual([LAYOUT, BASELINE, REMOVED])
  })

  it('passes what has no reasons', () => {
    expect(gate([], [])).toEqual([])
  })
})

describe('describeReason()', () => {
  it('says what was found, why it matters and what to do', () => {
    expect([LAYOUT, BASELINE, REMOVED].map(describeReason)).toEqual([
      'struct domain, member tot_pages changes from offset 48 to offset 56, but memory holds ' +
        'objects of the old layout; keep the layout',
      'common/dm.o: do_dm_op is not proven to be what runs: byte 12 differs; build with the ' +
        'compiler and the source of the running hypervisor',
      'common/old.o: the object is no longer built, but its code stays in memory; keep it in ' +
        'the patch',
    ])
  })

  it('names a few of many users and counts the rest', () => {
    const users = ['a', 'b', 'c', 'd', 'e', 'f']
    const reason = inObject('x.o', {
      kind: 'constant-changed-elsewhere',
      symbol: 'table',
      section: '.rodata.table',
      users,
    })
    expect(describeReason(reason)).toContain('but a, b, c and 3 others would go on')
  })
})
