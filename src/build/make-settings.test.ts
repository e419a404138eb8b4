import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { makeXen } from './compiled-tree.ts'
import { runInTree } from './run-steps.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'reweave-environment-'))
  mkdirSync(path.join(directory, 'xen'))
  vi.stubEnv('CFLAGS', '-O0')
  vi.stubEnv('MAKEFLAGS', 'CC=another')
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(directory, { recursive: true })
})

describe('INHERITED', () => {
  it("keeps a user's CFLAGS and MAKEFLAGS out of what make compiles", async () => {
    const makefile =
      '$(if $(CFLAGS),$(error CFLAGS is $(CFLAGS)))\nxen:\n\ttest $(CC) = gcc -a $(DATE) = 0\n'
    writeFileSync(path.join(directory, 'xen/Makefile'), makefile)
    const settings = { make: { CC: 'gcc' }, environment: { DATE: '0' } }
    const run = { directory, settings, extraFlags: '', progress: () => undefined }
    expect(await makeXen(run, 'xen')).toEqual({ kind: 'made' })
  })

  it('keeps them out of saved commands', async () => {
    await runInTree('test -z "$CFLAGS$MAKEFLAGS" && test -n "$PATH"', { directory, builtIn: '/no' })
    await expect(runInTree('test -n "$CFLAGS"', { directory, builtIn: '/no' })).rejects.toThrow(
      /Cannot run sh/,
    )
  })
})
