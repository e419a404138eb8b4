import { describe, expect, it } from 'vitest'
import { IdlePassage, type IdleTimes, idleTimesOf } from './idle-passage.ts'

/** Idle times of two CPUs, sample by sample; the last one repeats. */
function samples(...list: readonly IdleTimes[]): () => IdleTimes {
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

  it('waits for no CPU that is offline', async () => {
    const passage = new IdlePassage(samples([1n, undefined], [2n, undefined], [3n, undefined]), 100)
    expect(await passage.everyCpuHasLeft()).toEqual({ kind: 'left' })
  })

  it('answers unknown when one CPU came and another went', async () => {
    const passage = new IdlePassage(samples([1n, undefined], [undefined, 2n], [undefined, 3n]), 100)
    const came = await passage.everyCpuHasLeft()
    expect(came).toEqual({ kind: 'unknown', why: 'a CPU came or went' })
  })

  it('does not take CPUs that are all offline for CPUs that have left', async () => {
    expect((await new IdlePassage(() => [undefined]).everyCpuHasLeft()).kind).toBe('unknown')
  })
})

describe('idleTimesOf()', () => {
  it('tells an offline CPU by the zero that Xen has for it', () => {
    expect(idleTimesOf([5n, 0n, 7n], 2)).toEqual([5n, undefined, 7n])
  })

  it('tells nothing where more CPUs are online than it was told of', () => {
    expect(idleTimesOf([5n, 0n, 7n], 3)).toEqual([])
  })
})
