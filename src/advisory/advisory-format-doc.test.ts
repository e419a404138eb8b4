import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { combineStatements } from './combine-statements.ts'
import { SCALAR_FACTS, SET_FACTS, VERSION_FACTS } from './host-facts.ts'
import { readAdvisoryFile } from './read-file.ts'

const DOCUMENT = readFileSync(new URL('../../docs/formats/advisory.md', import.meta.url), 'utf8')
const EXAMPLE = /```json\n(.*?)```/s.exec(DOCUMENT)?.[1] ?? ''
const NOW = '2026-11-21T12:00:00.000Z'

/** The words in backticks of a list's item, which may go on in a second line. */
function listed(label: string): readonly string[] {
  const item = new RegExp(`^- ${label}: (.*(?:\\n  .*)*)`, 'm').exec(DOCUMENT)?.[1] ?? ''
  return [...item.matchAll(/`(\w+)`/g)].map((match) => match[1] ?? '')
}

describe('docs/formats/advisory.md', () => {
  it('has an example that is read without a problem, with nothing left over', () => {
    const { statements, problems } = readAdvisoryFile(EXAMPLE, { name: 'example', now: NOW })
    expect(problems).toEqual([])
    expect(statements).toMatchObject([{ xsa: 108, condition: { all: [{}, {}] }, extra: {} }])
  })

  it('lists the fields that an advisory has, and no others', () => {
    const { advisory } = combineStatements(1, [])
    const fields = [...DOCUMENT.matchAll(/^\| `(\w+)` +\|/gm)].map((match) => match[1] ?? '')
    expect(fields.slice(0, Object.keys(advisory).length).sort()).toEqual(
      Object.keys(advisory).sort(),
    )
    expect(Object.keys(JSON.parse(EXAMPLE) as object).sort()).toEqual(Object.keys(advisory).sort())
  })

  it('lists the facts that a condition can name', () => {
    expect(listed('Words')).toEqual([...SCALAR_FACTS])
    expect(listed('Versions')).toEqual([...VERSION_FACTS])
    expect(listed('Sets')).toEqual([...SET_FACTS])
  })
})
