import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseCondition } from './parse-condition.ts'

const leaf = { fact: 'guestTypes', test: 'has', value: 'hvm', source: 'only HVM guests' }

function problemsOf(json: unknown): readonly string[] {
  const parsed = parseCondition(json)
  return parsed.kind === 'refused'
    ? parsed.problems.map(({ at, problem }) => `${at} ${problem}`)
    : []
}

describe('parseCondition()', () => {
  it('reads what it can write', () => {
    const condition = { all: [leaf, { not: { any: [leaf] } }] }
    expect(parseCondition(condition)).toEqual({ kind: 'condition', condition })
  })

  it.each([
    ['a list', [leaf], 'condition is a list, not an object'],
    ['nothing', undefined, 'condition is missing, not an object'],
    ['an empty all', { all: [] }, 'condition.all is empty'],
    ['any of no list', { any: leaf }, 'condition.any is an object, not a list'],
    ['two operators', { all: [leaf], any: [leaf] }, 'condition.any is not known here'],
    ['no source', { ...leaf, source: undefined }, 'condition.source is missing, not a text'],
    ['an empty source', { ...leaf, source: '' }, 'condition.source is empty, not a text'],
    ['an unknown test', { ...leaf, test: 'like' }, "condition.test is 'like', which is no test"],
    [
      'an unknown guest type',
      { ...leaf, value: 'HVM' },
      "condition.value is 'HVM', not pv, pv32, pvh, hvm",
    ],
    ['an unknown field', { ...leaf, unless: 'x' }, 'condition.unless is not known here'],
    [
      'a version that is none',
      { fact: 'xenVersion', test: 'before', value: 'now', source: 's' },
      "condition.value is 'now', not a version",
    ],
    [
      'an option without its prefix',
      { fact: 'config', test: 'is', option: 'PV32', value: 'y', source: 's' },
      "condition.option is 'PV32', not CONFIG_ and a name",
    ],
  ])('refuses %s', (_, json, problem) => {
    expect(problemsOf(json)).toContain(problem)
  })

  it('refuses a fact that the test cannot compare, and says which it can', () => {
    const problems = problemsOf({ fact: 'guestTypes', test: 'before', value: '4.1', source: 's' })
    expect(problems).toEqual([
      "condition.fact is 'guestTypes'; the test takes xenVersion, sourceVersion, diskVersion, " +
        'toolstackVersion, dom0Kernel',
    ])
  })

  it('lists every problem with its place', () => {
    const problems = problemsOf({ any: [leaf, { not: 3 }, { all: [{ ...leaf, fact: 'moon' }] }] })
    expect(problems).toHaveLength(2)
    expect(problems[0]).toBe('condition.any[1].not is a number, not an object')
    expect(problems[1]).toMatch(/^condition\.any\[2\]\.all\[0\]\.fact is 'moon'/)
  })

  it('refuses deep nesting without exhausting the stack', () => {
    let deep: unknown = leaf
    for (let depth = 0; depth < 5000; depth++) deep = { not: deep }
    expect(problemsOf(deep)).toHaveLength(1)
    expect(problemsOf(deep)[0]).toMatch(/is nested deeper than 32$/)
  })

  it('refuses a condition of too many parts, once', () => {
    const wide = { all: Array.from({ length: 5000 }, () => leaf) }
    expect(problemsOf(wide)).toEqual(['condition.all[999] has more than 1000 parts'])
  })

  it('never throws, whatever the JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        expect(['condition', 'refused']).toContain(parseCondition(json).kind)
      }),
      { seed: 11, numRuns: 500 },
    )
  })
})
