import { describe, expect, it } from 'vitest'
import { IdlePassage } from './idle-passage.ts'

/** Idle times of two CPUs, sample by sample; the last one repeats. */
function samples(...list: readonly (readonly [bigint, bigint])[]): () => readonly bigint[] {
  let index = 0
  return () => list[Math.min(index++, list.length - 1)] ?? []
}

describe('IdlePassage', () => {
  it('answers left once every CPU has idled in two samples, not all in the same ones', async () => {
    const passage = new IdlePassage(samples([1n, 1n], [2n, 2n], [3n, 2n], [3n, 3n]))
    expect(await passage.everyCpuHasLeft()).toEqual({ kind: 'left' })
  })

  it('does not take one idle sample for two', async () => {
    const passage = new IdlePassage(samples([1n, 1n], [2n, 2n]), 100)
    expect((await passage.everyCpuHasLeft()).kind).toBe('unknown')
  })

  it('does not take one CPU for both', async () => {
    const passage = new IdlePassage(samples([1n, 1n], [2n, 1n], [3n, 1n]), 100)
    expect(await passage.everyCpuHasLeft()).toEqual({
      kind: 'unknown',
      why: 'CPU 1 did not idle for 100 ms',
    })
  })

  it('does not take the time before the call for idling since', async () => {
    const passage = new IdlePassage(samples([9n, 9n]), 100)
    expect((await passage.everyCpuHasLeft()).kind).toBe('unknown')
  })

  it('does not take the idling of no CPU for that of every CPU', async () => {
    const passage = new IdlePassage(() => [])
    expect((await passage.everyCpuHasLeft()).kind).toBe('unknown')
  })

  it('answers unknown when a CPU goes offline', async () => {
    let calls = 0
    const passage = new IdlePassage(() => (calls++ === 0 ? [1n, 1n] : [2n]))
    expect((await passage.everyCpuHasLeft()).kind).toBe('unknown')
  })
})
