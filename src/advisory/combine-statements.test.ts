import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Embargo } from './advisory.ts'
import { combineStatements } from './combine-statements.ts'
import { isEmbargoed } from './embargo.ts'
import { type AdvisoryStatement, emptyStatement } from './statement.ts'
import { anyStatement } from './testing/any-statement.ts'

const NOW = '2026-03-01T12:00:00.000Z'

function statement(
  kind: string,
  said: Partial<AdvisoryStatement>,
  reference = 'file',
): AdvisoryStatement {
  return { ...emptyStatement(1, { kind, reference }), ...said }
}

function embargoOf(...statements: readonly AdvisoryStatement[]): Embargo {
  return combineStatements(1, statements).advisory.embargo
}

describe('combineStatements()', () => {
  it('does not depend on the order of the statements', () => {
    fc.assert(
      fc.property(fc.array(anyStatement()), fc.infiniteStream(fc.nat()), (statements, keys) => {
        const shuffled = statements
          .map((one) => ({ one, key: keys.next().value ?? 0 }))
          .sort((a, b) => a.key - b.key)
          .map(({ one }) => one)
        expect(combineStatements(1, shuffled)).toEqual(combineStatements(1, statements))
      }),
      { seed: 610 },
    )
  })

  it('makes nothing public that no source calls public', () => {
    fc.assert(
      fc.property(fc.array(anyStatement()), (statements) => {
        const { embargo } = combineStatements(1, statements).advisory
        const said = statements.some(
          (one) => one.xsa === 1 && one.embargo !== undefined && !isEmbargoed(one.embargo, NOW),
        )
        expect(isEmbargoed(embargo, NOW) || said).toBe(true)
      }),
      { seed: 611 },
    )
  })

  it('keeps both of two titles that differ, and flags them', () => {
    const { advisory, disagreements } = combineStatements(1, [
      statement('xsa.json', { title: 'One thing' }),
      statement('cve-5', { title: 'Another thing' }),
    ])
    expect(advisory.title).toBe('Another thing')
    expect(disagreements).toEqual([
      {
        field: 'title',
        values: [
          { value: 'Another thing', source: { kind: 'cve-5', reference: 'file' } },
          { value: 'One thing', source: { kind: 'xsa.json', reference: 'file' } },
        ],
      },
    ])
  })

  it('flags two entries of one source that differ', () => {
    const { disagreements } = combineStatements(1, [
      statement('xsa.json', { publicAt: '2015-03-05T12:00:00.000Z' }),
      statement('xsa.json', { publicAt: '2015-03-10T12:00:00.000Z' }),
    ])
    expect(disagreements.map(({ field }) => field)).toEqual(['publicAt'])
  })

  it('finds no disagreement in a day and a time of that day, or in a shorter list of CVEs', () => {
    const { disagreements } = combineStatements(1, [
      statement('xsa.json', { publicAt: '2015-03-05T12:00:00.000Z', cves: ['CVE-2015-2044'] }),
      statement('csaf-2.0', {
        publicAt: '2015-03-05T00:00:00.000Z',
        cves: ['CVE-2015-2044', 'CVE-2015-2045'],
      }),
    ])
    expect(disagreements).toEqual([])
  })

  it('takes the latest version of a text alone', () => {
    const first = statement('advisory-text', { revision: '0002', title: 'Old' }, 'v2.txt')
    const last = statement('advisory-text', { revision: '0010', title: 'New' }, 'v10.txt')
    const { advisory, disagreements, statements } = combineStatements(1, [first, last])
    expect(advisory.title).toBe('New')
    expect(disagreements).toEqual([])
    expect(statements).toEqual([last])
  })

  it('keeps what was not understood, by its source', () => {
    const { advisory } = combineStatements(1, [statement('xsa.json', { extra: { x_new: [1] } })])
    expect(advisory.extra).toEqual({ 'xsa.json file': { x_new: [1] } })
  })
})

describe('the embargo of combined statements', () => {
  const planned = statement('advisory-text', {
    embargo: { state: 'P', dates: { A: '2026-06-01T12:00:00.000Z' } },
  })
  const published = statement('xsa.json', {
    embargo: { state: 'A', dates: { A: '2026-01-01T12:00:00.000Z' } },
  })

  it('stands where nobody says anything', () => {
    expect(isEmbargoed(embargoOf(statement('meta', {})), NOW)).toBe(true)
  })

  it('stands where one source calls it public and another plans it for later, flagged', () => {
    const { advisory, disagreements } = combineStatements(1, [planned, published])
    expect(isEmbargoed(advisory.embargo, NOW)).toBe(true)
    expect(disagreements.map(({ field }) => field)).toEqual(['embargo'])
  })

  it('ends with a disclosure on record, whatever was planned', () => {
    const disclosed = statement('disclosure', { embargo: { state: 'A', dates: { A: NOW } } })
    expect(isEmbargoed(embargoOf(planned, disclosed), NOW)).toBe(false)
  })

  it('is over where the plan and the publication agree', () => {
    const plan = statement('advisory-text', {
      embargo: { state: 'P', dates: { A: '2026-01-01T12:00:00.000Z' } },
    })
    expect(isEmbargoed(embargoOf(plan, published), NOW)).toBe(false)
  })
})
