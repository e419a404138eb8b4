import { describe, expect, it } from 'vitest'
import type { Bundle } from '../hotfix/bundle.ts'
import { HostWorld, builtHotfix, writtenHotfix } from '../host/testing/host-world.ts'
import { hypervisorOf } from '../splice/payload/testing/sample-hypervisor.ts'
import type { FixStatus } from './fix-status.ts'
import type { BootJournal } from './journal-status.ts'
import { statusInMemory, statusUnread } from './memory-status.ts'

const IMAGE = hypervisorOf({
  text: [
    { name: 'entry', code: 'e8 {pc32 one}  c3' },
    { name: 'one', code: 'b8 01 00 00 00  83 f8 02  c3' },
  ],
})
const BUILT = builtHotfix(IMAGE, 'built', [
  { section: '.text.one', replaces: 'one', code: 'b8 11 00 00 00 c3' },
])
const WRITTEN = writtenHotfix(IMAGE, 'written-one', {
  at: 'one+0x5',
  expect: '83 f8 02',
  put: '83 f8 03',
})
const MISWRITTEN = writtenHotfix(IMAGE, 'written-two', {
  at: 'one+0x5',
  expect: '83 f8 07',
  put: '83 f8 03',
})

function journalOf(world: HostWorld): BootJournal {
  return { bootId: world.memory().bootId, journalFile: { entries: world.entries } }
}

function status(world: HostWorld, hotfix: Bundle): Promise<FixStatus> {
  const shelved = { hotfix, file: 'a.hotfix', base: undefined, dependents: [] }
  return statusInMemory(journalOf(world), world.memory(), shelved)
}

describe('statusInMemory()', () => {
  it('says of each hotfix what memory shows', async () => {
    const world = new HostWorld(IMAGE)
    expect(await status(world, BUILT)).toMatchObject({ state: 'not-applied', channel: undefined })
    await world.change(BUILT, 'applied')
    expect(await status(world, BUILT)).toMatchObject({ state: 'applied', channel: 'dma' })
  })

  it('tells of a fix that cannot be planned, and does not end the status of all others', async () => {
    expect(await status(new HostWorld(IMAGE), MISWRITTEN)).toMatchObject({
      fix: 'written-two',
      state: 'unknown',
      sentence: expect.stringMatching(/^Not known: .*83 f8 07/) as unknown,
    })
  })
})

describe('statusUnread()', () => {
  const why = 'Cannot reach Xen by DMA'

  it('calls a built hotfix not applied that neither Xen nor the journal of this boot has', () => {
    const world = new HostWorld(IMAGE)
    expect(statusUnread(journalOf(world), 'built', BUILT, why)).toMatchObject({
      state: 'not-applied',
      sentence: expect.stringContaining(why) as unknown,
    })
  })

  it('does not know what splices were begun for, nor what was written by hand', async () => {
    const world = new HostWorld(IMAGE)
    await world.change(BUILT, 'applied')
    expect(statusUnread(journalOf(world), 'built', BUILT, why).state).toBe('unknown')
    expect(statusUnread(journalOf(world), 'written-one', WRITTEN, why).state).toBe('unknown')
    expect(statusUnread(journalOf(world), 'gone', undefined, why).state).toBe('unknown')
  })
})
