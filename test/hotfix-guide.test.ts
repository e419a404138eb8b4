import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { EXIT_CODES } from '../src/cli/exit-code.ts'

const ROOT = path.resolve(import.meta.dirname, '..')
const guide = readFileSync(path.join(ROOT, 'docs/guides/hotfixes.md'), 'utf8')

/** The commands that the guide shows, each on one line, from `reweave` on. */
const commands = [...guide.matchAll(/^```console\n([\s\S]*?)^```/gm)]
  .flatMap(([, block = '']) => block.replaceAll('\\\n', ' ').split('\n'))
  .flatMap((line) => /^\$ (?:\.\/)?reweave (.*)$/.exec(line)?.[1] ?? [])

function helpFor(words: readonly string[]): string {
  const main = path.join(ROOT, 'src/cli/main.ts')
  const args = [main, ...words, '--help']
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  return status === 0 ? stdout : ''
}

describe('the guide of hotfixes', () => {
  it.each(commands)('shows a command that there is: reweave %s', (line) => {
    const words = line.split(/\s+/)
    const name = words.slice(0, /^(?:source|hotfix|lab) /.test(line) ? 2 : 1)
    const help = helpFor(name)
    expect(help).toContain(`reweave ${name.join(' ')} [options]`)
    for (const option of words.filter((word) => word.startsWith('--'))) {
      expect(help).toMatch(new RegExp(`^ +${option}\\b`, 'm'))
    }
  })

  it('names every reason for which a patch can be no hotfix', () => {
    const source = readFileSync(path.join(ROOT, 'src/diff/reason.ts'), 'utf8')
    const kinds = [...source.matchAll(/readonly kind: '([a-z-]+)'/g)].map(([, kind]) => kind)
    const section = guide.slice(guide.indexOf('## Patches that no hotfix can be'))
    const named = [...section.matchAll(/`([a-z]+(?:-[a-z]+)+)`/g)].map(([, kind]) => kind)
    expect(kinds.length).toBeGreaterThan(30)
    expect(new Set(named)).toEqual(new Set(kinds))
  })

  it('says what to do after each exit of a build', () => {
    const rows = [...guide.matchAll(/^\| +(\d+) \|/gm)].map(([, code]) => Number(code))
    const codes = Object.values(EXIT_CODES).flatMap(({ code }) => (code >= 40 ? [code] : []))
    expect(rows).toEqual(codes)
  })
})
