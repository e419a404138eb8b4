import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { NEVER_FIXED } from './advisory.ts'
import type { Condition, FactTest } from './condition.ts'
import { isFeatureName, isOpenQuestion } from './feature-names.ts'
import { readAdvisoryFile } from './read-file.ts'
import type { AdvisoryStatement } from './statement.ts'
import { parseXenVersion } from './xen-version.ts'

const FOLDER = path.resolve(import.meta.dirname, '../../data/advisories')
const NOW = '2026-11-21T00:00:00.000Z'
const files = globSync('*.json', { cwd: FOLDER }).sort()
const shipped = files.map((name) => ({
  name,
  read: readAdvisoryFile(readFileSync(path.join(FOLDER, name), 'utf8'), { name, now: NOW }),
}))
const statements = shipped.flatMap(({ read }) => read.statements)

const FROM_4_17_5_72_TO_4_17_7_13 = Array.from({ length: 523 - 477 + 1 }, (_, step) => 477 + step)
const HISTORICAL = [105, 106, 107, 108, 112, 119, 120, 121, 122, 123]

describe('the advisories in data/', () => {
  it('are those behind 4.17.5+72 to 4.17.7+13, and the historical ones', () => {
    expect(statements.map(({ xsa }) => xsa).sort((a, b) => a - b)).toEqual([
      ...HISTORICAL,
      ...FROM_4_17_5_72_TO_4_17_7_13,
    ])
  })

  it.each(shipped)('$name is read without a problem, under its own number', ({ name, read }) => {
    expect(read.problems).toEqual([])
    expect(read.statements.map(({ xsa }) => `xsa-${xsa}.json`)).toEqual([name])
  })

  it.each(statements)('XSA-$xsa has a condition, each test with its source', (statement) => {
    const tests = testsOf(statement)
    expect(tests).not.toEqual([])
    for (const test of tests) expect(test.source.length).toBeGreaterThan(10)
  })

  it.each(statements)('XSA-$xsa asks for features that have a meaning', (statement) => {
    const asked = testsOf(statement).flatMap((test) =>
      test.fact === 'features' && 'value' in test ? [test.value] : [],
    )
    expect(asked.filter((name) => !isFeatureName(name) && !isOpenQuestion(name))).toEqual([])
  })

  it.each(statements)('XSA-$xsa says where it comes from', ({ further }) => {
    expect(further).not.toEqual([])
  })

  it.each(statements)('XSA-$xsa names commits in full, and versions that have an order', (one) => {
    // A commit of Linux is cited as its advisory cites it.
    const commits = one.component === 'dom0-kernel' ? [] : one.fixedIn.flatMap((fix) => fix.commits)
    expect(commits.filter((commit) => !/^[0-9a-f]{40}$/.test(commit))).toEqual([])
    const versions = one.fixedIn.flatMap(({ since }) => since ?? [])
    const unordered = versions.filter((version) => parseXenVersion(version) === undefined)
    expect(unordered.filter((version) => version !== NEVER_FIXED)).toEqual([])
  })

  it('leave a question open wherever the text of the advisory is not at hand', () => {
    const withoutText = statements.filter(
      ({ xsa, further }) =>
        xsa >= 477 && !further.some(({ kind }) => kind === 'advisory-text' || kind === 'git'),
    )
    expect(withoutText.map(({ xsa }) => xsa)).toEqual([514, 515, 516, 517, 518, 519, 520, 521, 523])
    for (const statement of withoutText) {
      expect(testsOf(statement).some((test) => 'value' in test && isOpen(test.value))).toBe(true)
    }
  })
})

function isOpen(value: string | boolean): boolean {
  return typeof value === 'string' && isOpenQuestion(value)
}

function testsOf({ condition }: AdvisoryStatement): readonly FactTest[] {
  return condition === undefined ? [] : leaves(condition)
}

function leaves(condition: Condition): readonly FactTest[] {
  if ('all' in condition) return condition.all.flatMap(leaves)
  if ('any' in condition) return condition.any.flatMap(leaves)
  if ('not' in condition) return leaves(condition.not)
  return [condition]
}
