import { describe, expect, it } from 'vitest'
import { inTurn, median, ratioTable } from './measure.ts'

describe('median()', () => {
  it('takes the middle, or the mean of the two in the middle', () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 2, 3])).toBe(2.5)
  })
})

describe('inTurn()', () => {
  it('runs each contender once more than it counts', async () => {
    let runs = 0
    const [timing] = await inTurn({ one: () => (runs += 1) }, 3)
    expect(runs).toBe(4)
    expect(timing?.runs).toHaveLength(3)
  })
})

describe('ratioTable()', () => {
  it('gives each median as a ratio to the last', () => {
    const table = ratioTable([
      { name: 'ours', runs: [30] },
      { name: 'theirs', runs: [20] },
    ])
    expect(table).toMatch(/ours .* 1\.50 x\n.*theirs .* 1\.00 x/)
  })
})
