import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { EXIT_CODES } from '../src/cli/exit-code.ts'

const PAGE = new URL('../docs/exit-codes.md', import.meta.url)

/** The rows of the page's one table: code, name, meaning. */
function documented(): readonly string[] {
  return readFileSync(PAGE, 'utf8')
    .split('\n')
    .map((line) => /^\| +(\d+) +\| +`(\w+)` +\| +(.+?) +\|$/.exec(line))
    .flatMap((row) => (row === null ? [] : [row.slice(1).join(' ')]))
}

const defined = Object.entries(EXIT_CODES).map(
  ([name, { code, meaning }]) => `${code} ${name} ${meaning}`,
)

describe('docs/exit-codes.md', () => {
  it('lists every exit code with its name and meaning, and no others, in order', () => {
    expect(documented()).toEqual(defined)
  })

  it('gives no code to two meanings', () => {
    const codes = Object.values(EXIT_CODES).map(({ code }) => code)
    expect(codes).toEqual([...new Set(codes)].sort((a, b) => a - b))
  })
})
