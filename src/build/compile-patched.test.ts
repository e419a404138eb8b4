import { createHash } from 'node:crypto'
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { statSync, utimesSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Baseline } from './baseline.ts'
import { readBuildIndex } from './build-index.ts'
import { compilePatched, needsMake } from './compile-patched.ts'
import type { PatchedBuild } from './patched-build.ts'
import type { PatchedFile } from './patched-file.ts'
import { makeTinyBaseline, TINY_SOURCES } from './testing/tiny-baseline.ts'

let directory: string
let baseline: Baseline
beforeAll(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'reweave-compile-'))
  baseline = makeTinyBaseline(path.join(directory, 'baseline-tiny'))
})
afterAll(() => rmSync(directory, { recursive: true }))

/** The file with `put` in front of its line `line`. */
function insertion(name: string, line: number, put: string): PatchedFile {
  const before = TINY_SOURCES[name] ?? ''
  const lines = before.split('\n')
  lines.splice(line - 1, 0, ...put.split('\n'))
  const newCount = put.split('\n').length
  return {
    path: `xen/${name}`,
    before,
    after: lines.join('\n'),
    hunks: [],
    changes: [{ oldLine: line, oldCount: 0, newLine: line, newCount }],
  }
}

async function compile(...files: readonly PatchedFile[]): Promise<PatchedBuild> {
  const progress = (): void => undefined
  const patch = { files, ignored: [] }
  return await compilePatched({ baseline, patch, cacheDirectory: directory, progress })
}

/** Of every file in the baseline: its content and when it was written. */
function fingerprint(): string {
  const hash = createHash('sha256')
  for (const name of globSync('**/*', { cwd: baseline.directory }).sort()) {
    const file = path.join(baseline.directory, name)
    const stat = statSync(file)
    hash.update(`${name} ${stat.mtimeMs}\n`)
    if (stat.isFile()) hash.update(readFileSync(file))
  }
  return hash.digest('hex')
}

describe('compilePatched()', () => {
  it('compiles the objects again that read a touched file, and no others', async () => {
    const one = await compile(insertion('common/one.c', 4, '    x += 3;'))
    expect(one).toMatchObject({ kind: 'compiled', way: 'commands' })
    expect(one.kind === 'compiled' && one.pairs.map(({ name }) => name)).toEqual(['common/one.o'])
    const header = await compile(insertion('include/xen/shared.h', 2, 'extern int more;'))
    expect(header.kind === 'compiled' && header.pairs.map(({ name }) => name)).toEqual([
      'common/one.o',
      'common/two.init.o',
    ])
  })

  it('asks of a header behind the offsets of assembler code whether they move', async () => {
    const kept = await compile(insertion('include/xen/offsets.h', 1, 'extern int more;'))
    expect(kept).toMatchObject({ way: 'commands', pairs: [{ name: 'common/three.o' }] })
    const moved = insertion('include/xen/offsets.h', 2, '#undef OFFSET\n#define OFFSET 2')
    expect(await compile(moved)).toMatchObject({ way: 'make', pairs: [{ name: 'common/three.o' }] })
  })

  it('has make compile what is touched, whatever the dates of the baseline say', async () => {
    const future = new Date(Date.now() + 86_400_000)
    for (const file of globSync('**/*', { cwd: baseline.directory })) {
      utimesSync(path.join(baseline.directory, file), future, future)
    }
    const moved = insertion('include/xen/offsets.h', 2, '#undef OFFSET\n#define OFFSET 3')
    expect(await compile(moved)).toMatchObject({ way: 'make', pairs: [{ name: 'common/three.o' }] })
  })

  it('leaves it to make to say that offsets do not compile', async () => {
    const broken = await compile(insertion('include/xen/offsets.h', 1, '#error stop'))
    expect(broken).toMatchObject({ kind: 'does-not-compile', errors: [{ message: '#error stop' }] })
  })

  it('gives both objects, equal where nothing came out different', async () => {
    const outcome = await compile(insertion('common/two.c', 2, '/* a comment */'))
    const [pair] = outcome.kind === 'compiled' ? outcome.pairs : []
    expect(pair).toMatchObject({ source: 'common/two.c', isAssembler: false })
    expect(pair?.before?.length).toBeGreaterThan(0)
    const code = (bytes: Uint8Array | undefined): boolean =>
      Buffer.from(bytes ?? []).includes(Buffer.from('common/two.c'))
    expect([code(pair?.before), code(pair?.after)]).toEqual([true, true])
  })

  it('keeps the line numbers of functions that were not touched', async () => {
    const outcome = await compile(insertion('common/one.c', 4, '    x += 3;\n    x += 4;'))
    const [pair] = outcome.kind === 'compiled' ? outcome.pairs : []
    // mov $9,%eax; ret: the body of line().
    const returnsNine = Buffer.from('b809000000c3', 'hex')
    expect(Buffer.from(pair?.before ?? []).includes(returnsNine)).toBe(true)
    expect(Buffer.from(pair?.after ?? []).includes(returnsNine)).toBe(true)
  })

  it('says what does not compile with the lines of the patched file', async () => {
    const good = insertion('common/one.c', 2, 'int first;\nint second;')
    const after = (good.after ?? '').replace('return __LINE__;', 'return nothing;')
    const changes = [...good.changes, { oldLine: 9, oldCount: 1, newLine: 11, newCount: 1 }]
    expect(await compile({ ...good, after, changes })).toMatchObject({
      kind: 'does-not-compile',
      errors: [{ file: 'common/one.c', line: 11, message: expect.stringContaining('nothing') }],
    })
  })

  it('writes nothing into the baseline and leaves nothing beside it', async () => {
    const before = fingerprint()
    await compile(insertion('include/xen/shared.h', 1, '#error stop'))
    await compile(insertion('common/two.c', 4, '    x += 1;'))
    expect(fingerprint()).toBe(before)
    expect(readdirSync(directory)).toEqual(['baseline-tiny'])
  })
})

describe('needsMake()', () => {
  it('leaves to make whatever makes more than objects', () => {
    const index = readBuildIndex(path.join(baseline.directory, 'xen'))
    if (index === undefined) throw new Error('The tiny tree has no index')
    const plain = insertion('common/one.c', 4, '')
    expect(needsMake([plain], index)).toBe(false)
    expect(needsMake([plain, insertion('include/xen/offsets.h', 1, '')], index)).toBe(false)
    expect(needsMake([plain, insertion('include/public/tiny.h', 1, '')], index)).toBe(true)
    const generating = { ...index, generatorInputs: new Set(['common/one.c']) }
    expect(needsMake([plain], generating)).toBe(true)
    expect(needsMake([{ ...plain, path: 'xen/arch/x86/entry.S' }], index)).toBe(true)
    expect(needsMake([{ ...plain, before: undefined }], index)).toBe(true)
    expect(needsMake([{ ...plain, after: undefined }], index)).toBe(true)
  })
})
