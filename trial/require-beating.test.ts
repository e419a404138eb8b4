import { describe, expect, it } from 'vitest'
import { requireBeating } from './require-beating.ts'

describe('requireBeating()', () => {
  it('waits for the beats that it wants', async () => {
    let beats = 7
    await requireBeating('pv', () => Promise.resolve((beats += 1)), { more: 5, pauseMs: 0 })
    expect(beats).toBeGreaterThanOrEqual(13)
  })

  it('names a guest whose heart stands still', async () => {
    const silent = requireBeating('witness-pvh', () => Promise.resolve(7), { more: 1, pauseMs: 0 })
    await expect(silent).rejects.toThrow('Guest witness-pvh stopped beating')
  })
})
