import { describe, expect, it } from 'vitest'
import { inTurn, isWithin, limitLine, median, ratioTable } from './measure.ts'

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

describe('limitLine()', () => {
  it('says whether a limit is kept', () => {
    const limit = { what: 'building', most: 20, unit: 's' }
    expect(limitLine({ ...limit, found: 19.5 })).toMatch(/building .* 19\.50 s {2}within 20 s/)
    expect(limitLine({ ...limit, found: 20.5 })).toMatch(/20\.50 s {2}EXCEEDED 20 s/)
  })

  it('counts what was not measured as exceeded', () => {
    expect(isWithin({ found: Number.NaN, most: 20 })).toBe(false)
  })
})
