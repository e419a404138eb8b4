import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fetchHypervisor } from '../../lab/hypervisor.ts'
import { cacheDirectory as labCache } from '../../lab/lab-directory.ts'
import { proveObject } from '../../src/baseline/prove-object.ts'
import { summariseProofs } from '../../src/baseline/summarise-proofs.ts'
import { applyPatch } from '../../src/build/apply-patch.ts'
import type { Baseline } from '../../src/build/baseline.ts'
import {
  buildCacheDirectory,
  buildStateDirectory,
  defaultSourceDirectory,
} from '../../src/build/build-directory.ts'
import { compilePatched } from '../../src/build/compile-patched.ts'
import { fetchSource } from '../../src/build/fetch-source.ts'
import type { ObjectPair } from '../../src/build/patched-build.ts'
import type { AppliedPatch } from '../../src/build/patched-file.ts'
import { prepareBaseline } from '../../src/build/prepare-baseline.ts'
import { Apt } from '../../src/debian/apt.ts'
import { diffObjects } from '../../src/diff/diff-objects.ts'
import type { ElfFile } from '../../src/elf/elf-file.ts'
import { readElf } from '../../src/elf/read.ts'
import { readImage } from '../../src/image/read-image.ts'

/** Debian's build that the lab boots by default. */
const VERSION = '4.17.5+72-g01140da4e8-1'
const progress = (): void => undefined
const cacheDirectory = buildCacheDirectory()

let directory: string
let baseline: Baseline
beforeAll(async () => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'reweave-source-'))
  const fetched = await fetchSource({
    name: 'xen',
    version: VERSION,
    directory: defaultSourceDirectory('xen', VERSION),
    stateDirectory: buildStateDirectory(),
    progress,
  })
  if (fetched.kind === 'refused') throw new Error(JSON.stringify(fetched.refusal))
  const target = { version: '4.17', packageVersion: VERSION, compiler: undefined }
  const prepared = await prepareBaseline({
    source: fetched.source,
    target,
    cacheDirectory,
    progress,
  })
  if (prepared.kind === 'refused') throw new Error(JSON.stringify(prepared.refusal))
  baseline = prepared.baseline
})
afterAll(() => rmSync(directory, { recursive: true }))

function read(file: string): string | undefined {
  const found = path.join(baseline.source.directory, file)
  return existsSync(found) ? readFileSync(found, 'latin1') : undefined
}

function objectOf(name: string): ElfFile {
  const elf = readElf(readFileSync(path.join(baseline.directory, 'xen', name)))
  if (elf.kind === 'refused') throw new Error(JSON.stringify(elf.refusal))
  return elf.elf
}

/** A patch that puts `lines` behind the first line that ends with `after`. */
function insertion(file: string, after: string, lines: string): AppliedPatch {
  const old = read(file) ?? ''
  const at = old.indexOf(`${after}\n`) + after.length + 1
  expect(at).toBeGreaterThan(after.length)
  writeFileSync(path.join(directory, 'old'), old, 'latin1')
  writeFileSync(path.join(directory, 'new'), old.slice(0, at) + lines + old.slice(at), 'latin1')
  const names = ['--label', `a/${file}`, '--label', `b/${file}`]
  const { stdout } = spawnSync('diff', ['-u', ...names, 'old', 'new'], { cwd: directory })
  const outcome = applyPatch(stdout.toString('latin1'), read)
  if (outcome.kind === 'refused') throw new Error(JSON.stringify(outcome.refusals))
  return outcome.applied
}

async function compile(patch: AppliedPatch, way: string): Promise<readonly ObjectPair[]> {
  const outcome = await compilePatched({ baseline, patch, cacheDirectory, progress })
  if (outcome.kind !== 'compiled') throw new Error(outcome.lastWords.join('\n'))
  expect(outcome.way).toBe(way)
  return outcome.pairs
}

/** The object without its debug information, which names the directory of the build. */
function stripped(bytes: Uint8Array | undefined): Buffer {
  const file = path.join(directory, 'object.o')
  writeFileSync(file, bytes ?? '')
  spawnSync('objcopy', ['--strip-debug', file])
  return readFileSync(file)
}

describe("Debian's source of Xen", () => {
  it('is as it was fetched, and its objects are those that are linked', () => {
    expect(baseline.source).toMatchObject({ packageVersion: VERSION, isAsFetched: true })
    const names = baseline.objects.map(({ name }) => name)
    expect(names).toContain('common/dm.o')
    expect(names).toContain('common/unxz.init.o')
    expect(names).not.toContain('common/unxz.o')
    expect(names.length).toBeGreaterThan(300)
  })

  it('has objects that are unchanged against themselves, every one of them', () => {
    let functions = 0
    for (const { name } of baseline.objects) {
      const file = { name, elf: objectOf(name) }
      const { changed, added, removed, reasons, patch, unchanged } = diffObjects(file, file)
      expect({ name, changed, added, removed, reasons, replaced: patch.replacements }).toEqual({
        name,
        changed: [],
        added: [],
        removed: [],
        reasons: [],
        replaced: [],
      })
      functions += unchanged
    }
    expect(functions).toBeGreaterThan(4000)
  })

  it('has no function that is neither proven to be what Debian ships nor explained', async () => {
    const cache = labCache()
    const apt = new Apt({ directory: path.join(cache, 'apt'), progress })
    const { syms } = await fetchHypervisor(VERSION, { apt, cacheDirectory: cache, progress })
    const image = readImage(readFileSync(syms))
    if (image.kind === 'refused') throw new Error(JSON.stringify(image.refusal))
    const proofs = baseline.objects.map(({ name }) =>
      proveObject({ name, elf: objectOf(name) }, image.image),
    )
    const { functions, identical, explained, different, exceptions } = summariseProofs(proofs)
    expect(different).toBe(0)
    expect(identical + explained).toBeGreaterThan(4500)
    // What is left is in no image at all: parts of libraries that nothing needs.
    expect(exceptions.filter(({ harmless }) => !harmless)).toEqual([])
    expect(functions).toBe(identical + exceptions.length)
  })

  it('compiles again what a patched header reaches, the same by saved commands and by make', async () => {
    const header = 'xen/include/xen/grant_table.h'
    const patch = insertion(header, '#include <public/grant_table.h>', '\nextern int reweave;\n')
    const nothing = {
      path: 'xen/include/xen/reweave-nothing.h',
      before: undefined,
      after: '\n',
      hunks: [],
      changes: [],
    }
    const fast = await compile(patch, 'commands')
    const slow = await compile({ ...patch, files: [...patch.files, nothing] }, 'make')
    expect(fast.map(({ name }) => name)).toContain('common/grant_table.o')
    expect(fast.map(({ name }) => name)).toEqual(slow.map(({ name }) => name))
    for (const [index, { after }] of fast.entries()) {
      expect(stripped(after).equals(stripped(slow[index]?.after))).toBe(true)
    }
  })

  it('comes out the same where a patch changes line numbers alone', async () => {
    const [pair] = await compile(
      insertion('xen/common/grant_table.c', '#include <xsm/xsm.h>', '\n/* one\n * two\n */\n'),
      'commands',
    )
    expect(stripped(pair?.after).equals(stripped(pair?.before))).toBe(true)
  })
})
