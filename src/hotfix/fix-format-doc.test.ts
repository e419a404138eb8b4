import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { FIX_LIMITS } from './fix-limits.ts'
import { parseFix } from './parse-fix.ts'

const DOCUMENT = readFileSync(new URL('../../docs/formats/fix.md', import.meta.url), 'utf8')

describe('docs/formats/fix.md', () => {
  it('has an example that is a fix', () => {
    const example = /```yaml\n(.*?)```/s.exec(DOCUMENT)?.[1] ?? ''
    const parsed = parseFix(example)
    expect(parsed).toMatchObject({ kind: 'parsed', fix: { name: 'xsa-506' } })
  })

  it('states every limit as the code has it', () => {
    const rows = DOCUMENT.matchAll(/^\| `(\w+)`:[^|]*\| *(\d+) *\|$/gm)
    const stated = Array.from(rows, ([, name, most]): [string, number] => [
      name ?? '',
      Number(most),
    ])
    expect(Object.fromEntries(stated)).toEqual(FIX_LIMITS)
  })
})
