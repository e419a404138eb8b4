import { describe, expect, it } from 'vitest'
import { LivepatchWorld, nameOf, order } from './testing/livepatch-world.ts'

const ORDER = order({ hotfix: 'xsa-1', number: 1 })

/** Two records an action: one before Xen is asked, one after. */
describe('a journal that takes no more records', () => {
  it('keeps an action from being begun', async () => {
    const world = new LivepatchWorld()
    world.recordsLeft = 0
    await expect(world.channel().apply(ORDER)).rejects.toMatchObject({
      message: "Cannot record 'livepatch-apply' in the journal; nothing was changed",
      cause: { message: 'ENOSPC: no space left on device' },
    })
    expect(world.listed()).toEqual([])
  })

  it('does not hide what came of an action that it could not record the end of', async () => {
    const world = new LivepatchWorld()
    world.recordsLeft = 1
    await expect(world.channel().apply(ORDER)).rejects.toMatchObject({
      message: expect.stringMatching(
        /^Cannot record 'livepatch-end' in the journal; but the action on \S+ was done/,
      ) as unknown,
      outcome: { kind: 'done' },
    })
    expect(world.listed()).toEqual([`${nameOf(ORDER)} applied`])
    world.recordsLeft = 2
    expect((await world.channel().apply(ORDER)).kind).toBe('already')
    expect((await world.channel().revert(nameOf(ORDER))).kind).toBe('done')
    expect(world.listed()).toEqual([])
  })
})
