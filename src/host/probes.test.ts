import { describe, expect, it } from 'vitest'
import { judge } from './probes.ts'

describe('judge()', () => {
  const answers = { closed: -61, open: -3 }

  it('takes only the closed answer for closed', () => {
    expect(judge('p', -61, answers).state).toBe('closed')
    expect(judge('p', -3, answers).state).toBe('open')
  })

  it('never takes an answer it does not know for closed', () => {
    expect(judge('p', 0, answers).state).toBe('unexpected')
    expect(judge('p', -1, answers).sentence).toBe(
      'p: not known to be closed (answered -1, must be -61)',
    )
  })
})
