import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { SAMPLE_REPORT } from '../build/testing/sample-report.ts'
import { EXITS } from './build-exit.ts'
import { toJson } from './output.ts'

const DOCUMENT = readFileSync(
  new URL('../../docs/formats/build-report.md', import.meta.url),
  'utf8',
)

/** The rows of the table under a heading, each as its cells. */
function rows(heading: string): readonly (readonly string[])[] {
  const part = DOCUMENT.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  return Array.from(part.matchAll(/^\| (`.*) \|$/gm), ([, row]) =>
    (row ?? '').split('|').map((cell) => cell.trim().replaceAll('`', '')),
  )
}

function fields(heading: string): readonly (string | undefined)[] {
  return rows(heading).map(([field]) => field)
}

const { baseline, functions, forms } = SAMPLE_REPORT

describe('docs/formats/build-report.md', () => {
  it('has an example that is printed so', () => {
    const example: unknown = JSON.parse(/```json\n(.*?)```/s.exec(DOCUMENT)?.[1] ?? '')
    expect(example).toEqual(JSON.parse(toJson(SAMPLE_REPORT)))
  })

  it.each([
    ['The report', SAMPLE_REPORT],
    ['A reason', forms[1]?.reasons[0]],
    ['A function', functions.changed[0]],
    ['The baseline', baseline],
    ['A form', forms[0]],
  ])('lists every field of %s, in order', (heading, value) => {
    expect(value).toBeDefined()
    expect(fields(heading)).toEqual(Object.keys(value ?? {}))
  })

  it('lists every field of a difference', () => {
    const [, said = ''] = rows('The baseline').find(([field]) => field === 'differences') ?? []
    for (const field of Object.keys(baseline?.differences[0] ?? {})) expect(said).toContain(field)
  })

  it('lists every kind of reason that has an exit of its own, and no others', () => {
    const listed = rows('Verdicts, kinds and exits').map(([verdict, kind, exit]) => [
      verdict,
      ['none', 'any other'].includes(kind ?? '') ? undefined : kind,
      exit,
    ])
    const known = Object.entries(EXITS).flatMap(([verdict, { otherwise, byKind }]) => [
      [verdict, undefined, otherwise],
      ...Object.entries(byKind).map(([kind, exit]) => [verdict, kind, exit]),
    ])
    expect(listed).toEqual(expect.arrayContaining(known))
    expect(listed).toHaveLength(known.length)
  })
})
