import { spawn } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { buildCommand } from './build.ts'
import { requireCache, requireSourcePlace } from './build-input.ts'
import { CommandFailed } from './command-failed.ts'
import { exitCode, type ExitName } from './exit-code.ts'

const MAIN = path.join(import.meta.dirname, 'main.ts')
const WRITTEN_FIX = path.resolve(import.meta.dirname, '../../fixes/xsa-506.yaml')

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'reweave-build-cli-'))
  mkdirSync(path.join(folder, 'source/xen'), { recursive: true })
  const makefile = 'export XEN_VERSION = 4\nexport XEN_SUBVERSION = 17\n'
  writeFileSync(path.join(folder, 'source/xen/Makefile'), makefile)
  writeFileSync(path.join(folder, 'source/xen/.config'), '')
  mkdirSync(path.join(folder, 'empty'))
  mkdirSync(path.join(folder, 'unconfigured/xen'), { recursive: true })
  writeFileSync(path.join(folder, 'unconfigured/xen/Makefile'), makefile)
  mkdirSync(path.join(folder, 'odd/xen/Makefile'), { recursive: true })
  writeFileSync(path.join(folder, 'a.patch'), '--- a/xen/x.c\n+++ b/xen/x.c\n@@ -1 +1 @@\n-a\n+b\n')
  writeFileSync(path.join(folder, 'large.patch'), '')
  truncateSync(path.join(folder, 'large.patch'), 2 ** 30)
  writeFileSync(path.join(folder, 'base'), 'no image')
  writeFileSync(path.join(folder, 'bad.yaml'), 'name: [\n')
})
afterEach(() => rmSync(folder, { recursive: true }))

interface Ended {
  readonly exit: number | null
  readonly json: Readonly<Record<string, unknown>>
}

/** Runs `reweave build` in the test's folder, as a user does. */
async function build(words: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, 'build', ...words, '--json'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [stdout, exit] = await Promise.all([textOf(child.stdout), closed])
  return { exit, json: JSON.parse(stdout) as Ended['json'] }
}

/** What the command throws, run within this process: a program takes its time to start. */
async function failureOf(words: readonly string[]): Promise<CommandFailed> {
  const back = process.cwd()
  process.chdir(folder)
  try {
    await buildCommand().parseAsync(words, { from: 'user' })
  } catch (error) {
    if (error instanceof CommandFailed) return error
    throw error
  } finally {
    process.chdir(back)
  }
  throw new Error('It was built')
}

const OPTIONS = { source: 'source', patch: 'a.patch', base: 'base', out: 'a.hotfix' }

function wordsOf(options: Readonly<Record<string, string>>): string[] {
  return Object.entries(options).flatMap(([option, value]) => [`--${option}`, value])
}

type Case = readonly [string, Readonly<Record<string, string>>, ExitName, RegExp]

const REFUSED: readonly Case[] = [
  ['a folder for --out that is not there', { out: 'no/a.hotfix' }, 'usage', /no directory .*\/no$/],
  ['a folder as --out', { out: 'empty', name: 'a' }, 'usage', /it is a directory/],
  ['a file as the folder of --out', { out: 'base/a.hotfix' }, 'usage', /base is no directory/],
  ['the base as --out', { out: 'base' }, 'usage', /take the place of what it is built from/],
  ['a name with blanks', { name: 'a hotfix' }, 'usage', /"a hotfix" is no name .* at most 64/],
  ['an --out that gives no name', { out: 'A_B.hotfix' }, 'usage', /"a_b" .* give one with --name/],
  ['another form of advisory', { advisory: 'CVE-1' }, 'usage', /"CVE-1" for --advisory/],
  ['a title of two lines', { title: 'a\nb' }, 'usage', /"a\\nb" for --title: wanted one line/],
  ['a probe that is not known', { probe: 'x' }, 'usage', /no probe "x"; known are dm-op-without-/],
  ['an empty reason', { 'side-by-side': '' }, 'usage', /for --side-by-side/],
  ['a patch that is not there', { patch: 'no.patch' }, 'badPatch', /no\.patch: ENOENT: no such/],
  ['a folder as the patch', { patch: 'empty' }, 'badPatch', /empty: it is a directory/],
  ['a patch too large for one', { patch: 'large.patch' }, 'badPatch', /has 1073741824 bytes/],
  ['a device as the patch', { patch: '/dev/zero' }, 'badPatch', /it is no file/],
  ['no source', { source: 'no' }, 'sourceRefused', /there is no such directory/],
  ['a folder without a source', { source: 'empty' }, 'sourceRefused', /it is no source of Xen/],
  ['no configuration', { source: 'unconfigured' }, 'sourceRefused', /it has no configuration/],
  ['a source of another shape', { source: 'odd' }, 'sourceRefused', /from odd: EISDIR/],
  ['no base', { base: 'no' }, 'badSymbols', /no file no, and it is no whole build-id/],
  ['a base that is no image', { base: 'base' }, 'badSymbols', /^base: /],
  ['a build-id that nobody knows', { base: 'ab'.repeat(20) }, 'badSymbols', /No symbols of build/],
]

describe('requireCache()', () => {
  it('says that a place takes no directory, where making one would never end', () => {
    expect(() => requireCache('/proc/reweave/cache')).toThrow(/set REWEAVE_BUILD to a directory/)
  })

  it('makes the directory with those above it', () => {
    const cache = path.join(folder, 'one/two')
    requireCache(cache)
    expect(readdirSync(cache)).toEqual([])
  })
})

describe('requireSourcePlace()', () => {
  it.each([
    ['a file', 'base', /base: it is no directory/],
    ['a place below a file', 'base/x/y', /ENOTDIR|EEXIST/],
    ['a place that takes no directory', '/proc/reweave/source', /ENOENT/],
  ])('refuses %s before anything is fetched', (_, place, message) => {
    const directory = path.resolve(folder, place)
    expect(() => requireSourcePlace(directory)).toThrow(message)
  })
})

describe('reweave build', () => {
  it.each(REFUSED)('refuses %s before anything is built', async (_, options, exit, message) => {
    const before = readdirSync(folder)
    const failure = await failureOf(wordsOf({ ...OPTIONS, ...options }))
    expect(failure.exit).toBe(exit)
    expect(failure.message).toMatch(message)
    expect(readdirSync(folder)).toEqual(before)
    expect(readFileSync(path.join(folder, 'base'), 'utf8')).toBe('no image')
  })

  it('asks for a source, a patch and a base, or for a fix', async () => {
    const failure = await failureOf(['--out', 'a.hotfix', '--patch', 'a.patch'])
    expect(failure).toMatchObject({ exit: 'usage' })
    expect(failure.message).toMatch(/--source, --patch and --base, or --fix/)
  })

  it('takes no second patch in place of the first', async () => {
    const failure = await failureOf([...wordsOf(OPTIONS), '--patch', 'b.patch'])
    expect(failure).toMatchObject({ exit: 'usage', facts: { found: ['a.patch', 'b.patch'] } })
    expect(failure.message).toMatch(/one file, in their order/)
  })

  it('bundles a fix that was written by hand, with the report of any build', async () => {
    const { exit, json } = await build(['--fix', WRITTEN_FIX, '--out', 'a.hotfix'])
    expect(exit).toBe(0)
    expect(json).toMatchObject({
      verdict: 'built',
      name: 'xsa-506',
      reasons: [],
      functions: { changed: [], added: [] },
      forms: [{ form: 'splice', possible: true }],
      hotfix: { file: 'a.hotfix', bytes: readFileSync(path.join(folder, 'a.hotfix')).length },
    })
  })

  it('says what is wrong with a fix, and where', async () => {
    const { exit, json } = await build(['--fix', 'bad.yaml', '--out', 'a.hotfix'])
    expect(json).toMatchObject({
      error: 'badFix',
      message: expect.stringMatching(/bad\.yaml:\d+:\d+: /) as unknown,
    })
    expect(exit).toBe(exitCode('badFix'))
  })

  it('takes nothing beside a fix that the fix says itself', async () => {
    const words = ['--fix', WRITTEN_FIX, '--out', 'a.hotfix', '--side-by-side', 'x', '--lab-only']
    const failure = await failureOf(words)
    expect(failure).toMatchObject({
      exit: 'usage',
      facts: { found: ['--side-by-side', '--lab-only'] },
    })
  })
})
