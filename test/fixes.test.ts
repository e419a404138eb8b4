import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseFix } from '../src/hotfix/parse-fix.ts'

const FIXES = new URL('../fixes/', import.meta.url)
const PAGES = new URL('../docs/fixes/', import.meta.url)

const names = readdirSync(FIXES)
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => file.slice(0, -'.yaml'.length))

/** The page of a fix is that of its advisory: `xsa-108-open` is told on the page of XSA-108. */
function pageOf(name: string): URL {
  return new URL(`${name.split('-').slice(0, 2).join('-')}.md`, PAGES)
}

/** The lines of a fix without comments and indentation. */
function linesOf(name: string): readonly string[] {
  const text = readFileSync(new URL(`${name}.yaml`, FIXES), 'utf8')
  return text.split('\n').map((line) => line.replace(/#.*/, '').trim())
}

/** The places of the changes, as the file writes them. */
function placesIn(name: string): readonly string[] {
  return matches(linesOf(name), /^- (?:edit|detour): (.+)$/)
}

/** Every run of bytes, with its holes: expectations, replacements, and new code line by line. */
function bytesIn(name: string): readonly string[] {
  const bytes = /^(?:expect: |put: )?((?:[0-9a-f]{2}|\{(?:pc32|abs64) [^}]+\})(?: .*)?)$/
  return matches(linesOf(name), bytes)
}

function matches(lines: readonly string[], pattern: RegExp): readonly string[] {
  return lines.map((line) => pattern.exec(line)?.[1]).filter((found) => found !== undefined)
}

describe('the fixes that come with Reweave', () => {
  it('are found where this test looks for them', () => {
    expect(names).toContain('xsa-506')
    expect(placesIn('xsa-506')).toHaveLength(3)
    expect(bytesIn('xsa-506')).toHaveLength(17)
    expect(placesIn('xsa-108-open')).toHaveLength(2)
    expect(bytesIn('xsa-108-open')).toHaveLength(4)
  })

  it.each(names)('%s is a fix and has the name of its file', (name) => {
    const parsed = parseFix(readFileSync(new URL(`${name}.yaml`, FIXES), 'utf8'))
    expect(parsed).toMatchObject({ kind: 'parsed', fix: { name } })
  })

  it.each(names)('%s has a page', (name) => {
    expect(existsSync(pageOf(name))).toBe(true)
  })

  it.each(names)('the page of %s names every place and every byte of it', (name) => {
    const page = readFileSync(pageOf(name), 'utf8')
    const told = [...placesIn(name), ...bytesIn(name)]
    expect(told.length).toBeGreaterThan(0)
    expect(told.filter((text) => !page.includes(`\`${text}\``))).toEqual([])
  })
})
