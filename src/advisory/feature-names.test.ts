import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { FEATURE_NAMES, isFeatureName, isOpenQuestion } from './feature-names.ts'

const PAGE = new URL('../../docs/formats/host-facts.md', import.meta.url)

describe('FEATURE_NAMES', () => {
  it('are those of docs/formats/host-facts.md, with their meaning', () => {
    const [, table = ''] = readFileSync(PAGE, 'utf8').split('\n## Features\n')
    const rows = [...table.matchAll(/^\| `([\w-]+)` +\| (.+?) +\|/gm)]
    expect(rows.map(([, name, meaning]) => [name, meaning])).toEqual(Object.entries(FEATURE_NAMES))
  })

  it('hold no open question, which nobody can answer of a host', () => {
    expect(Object.keys(FEATURE_NAMES).filter(isOpenQuestion)).toEqual([])
    expect(isFeatureName('open-question-xsa-517')).toBe(false)
    expect(isFeatureName('toString')).toBe(false)
  })
})
