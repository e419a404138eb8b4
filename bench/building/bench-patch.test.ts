import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { applyPatch } from '../../src/build/apply-patch.ts'
import { benchPatch } from './bench-patch.ts'

const FILES = ['xen/arch/x86/hvm/dm.c', 'xen/common/dm.c']
const BEFORE = 'int f(unsigned int nr_bufs)\n{\n\n    if ( nr_bufs > ARRAY_SIZE(args.buf) )\n'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'reweave-bench-patch-'))
  vi.stubEnv('REWEAVE_CORPUS', path.join(directory, 'corpus'))
  for (const name of FILES) {
    mkdirSync(path.join(directory, path.dirname(name)), { recursive: true })
    writeFileSync(path.join(directory, name), BEFORE)
  }
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(directory, { recursive: true })
})

describe('benchPatch()', () => {
  it('takes the patch of the corpus where there is one', () => {
    mkdirSync(path.join(directory, 'corpus'))
    writeFileSync(path.join(directory, 'corpus/xsa506.patch'), 'theirs')
    expect(benchPatch('/nowhere', directory)).toMatchObject({
      file: 'xsa506.patch',
      text: 'theirs',
    })
  })

  it('makes one for the same files where there is none, and says so', () => {
    const { about, text } = benchPatch('/nowhere', directory)
    expect(about).toContain("the bench's own")
    const applied = applyPatch(text, (name) => (FILES.includes(name) ? BEFORE : undefined))
    expect(applied).toMatchObject({ kind: 'applied', applied: { ignored: [] } })
    const files = applied.kind === 'applied' ? applied.applied.files : []
    expect(files.map(({ path: file }) => file).toSorted()).toEqual(FILES)
    for (const { after } of files) {
      expect(after).toContain(
        '{\n\n    if ( nr_bufs == 0 )\n        return -ENODATA;\n    if ( nr_',
      )
    }
  })
})
