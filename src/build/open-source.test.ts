import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fetchSource } from './fetch-source.ts'
import { openSource } from './open-source.ts'
import { prepareBaseline } from './prepare-baseline.ts'
import { SOURCE_RECORD_FILE } from './source-record.ts'
import { describeSourceRefusal } from './source-refusal.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'reweave-source-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const progress = (): void => undefined

function write(name: string, text: string): void {
  const file = path.join(directory, name)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, text)
}

function writeSource(): void {
  write('xen/Makefile', 'export XEN_VERSION       = 4\nexport XEN_SUBVERSION    = 17\n')
  write('xen/.config', 'CONFIG_X86=y\n')
  write('xen/common/dm.c', 'int dm;\n')
}

function writeRecord(version: string, contentKey: string): void {
  const record = {
    format: 1,
    package: 'xen',
    version,
    config: 'here',
    make: {},
    environment: {},
    contentKey,
  }
  write(SOURCE_RECORD_FILE, JSON.stringify(record))
}

function contentKey(): string {
  const opened = openSource(directory)
  if (opened.kind !== 'opened') throw new Error(describeSourceRefusal(opened.refusal))
  return opened.source.contentKey
}

describe('openSource()', () => {
  it('opens a source that somebody unpacked, of any distribution', () => {
    writeSource()
    write('debian/changelog', 'xen (4.17.5-1) bookworm; urgency=medium\n')
    expect(openSource(directory)).toMatchObject({
      kind: 'opened',
      source: { version: '4.17', packageVersion: '4.17.5-1', record: undefined },
    })
  })

  it('has another key for another byte, name or mode, and the same for the same', () => {
    writeSource()
    const key = contentKey()
    expect(contentKey()).toBe(key)
    write('xen/common/dm.c', 'int md;\n')
    const other = contentKey()
    write('xen/common/new.c', '')
    expect(new Set([key, other, contentKey()]).size).toBe(3)
    write('docs/readme', 'no part of the hypervisor')
    rmSync(path.join(directory, 'xen/common/new.c'))
    expect(contentKey()).toBe(other)
  })

  it('says whether a fetched source was changed since', () => {
    writeSource()
    writeRecord('4.17.5-1', contentKey())
    expect(openSource(directory)).toMatchObject({ source: { isAsFetched: true } })
    write('xen/common/dm.c', 'changed\n')
    expect(openSource(directory)).toMatchObject({ source: { isAsFetched: false } })
  })

  it('refuses what cannot be built from, and says why', () => {
    const kinds: string[] = []
    const look = (): void => {
      const opened = openSource(directory)
      if (opened.kind === 'opened') throw new Error('The source opens')
      expect(describeSourceRefusal(opened.refusal)).toContain(directory)
      kinds.push(opened.refusal.kind)
    }
    look()
    writeSource()
    rmSync(path.join(directory, 'xen/.config'))
    look()
    writeSource()
    write('xen/include/generated/autoconf.h', '')
    look()
    rmSync(path.join(directory, 'xen/include'), { recursive: true })
    write(SOURCE_RECORD_FILE, '{"format": 2}')
    look()
    expect(kinds).toEqual([
      'not-a-xen-source',
      'no-config',
      'source-not-clean',
      'bad-source-record',
    ])
    const missing = openSource(path.join(directory, 'missing'))
    expect(missing).toMatchObject({ kind: 'refused', refusal: { kind: 'source-not-found' } })
  })
})

describe('fetchSource()', () => {
  const fetch = (version: string): ReturnType<typeof fetchSource> => {
    const stateDirectory = path.join(directory, 'state')
    return fetchSource({ name: 'xen', version, directory, stateDirectory, progress })
  }

  it('leaves a source as it is that is there already', async () => {
    writeSource()
    writeRecord('4.17.5-1', 'whatever')
    expect(await fetch('4.17.5-1')).toMatchObject({ kind: 'fetched', wasThere: true })
  })

  it('refuses a directory that holds another version, or anything else', async () => {
    write('mine', '')
    expect(await fetch('4.17.5-2')).toMatchObject({
      refusal: { kind: 'directory-taken', found: undefined, wanted: 'xen 4.17.5-2' },
    })
    writeSource()
    writeRecord('4.17.5-1', 'whatever')
    expect(await fetch('4.17.5-2')).toMatchObject({
      refusal: { kind: 'directory-taken', found: 'xen 4.17.5-1' },
    })
  })
})

describe('prepareBaseline()', () => {
  const gcc = 'gcc (Nobody 1.0) 1.0'

  it('refuses a source of another version and another compiler before it compiles', async () => {
    writeSource()
    const opened = openSource(directory)
    if (opened.kind !== 'opened') throw new Error('The source does not open')
    const cacheDirectory = path.join(directory, 'cache')
    const shared = { source: opened.source, cacheDirectory, progress }
    const target = { version: '4.18', packageVersion: undefined, compiler: gcc }
    expect(await prepareBaseline({ ...shared, target })).toMatchObject({
      refusal: { kind: 'source-other-version', found: '4.17', wanted: '4.18' },
    })
    const same = { ...target, version: '4.17' }
    expect(await prepareBaseline({ ...shared, target: same })).toMatchObject({
      refusal: { kind: 'other-compiler', wanted: gcc },
    })
  })

  it('refuses a source whose make fails, and keeps nothing of it', async () => {
    writeSource()
    write(
      'xen/Makefile',
      'export XEN_VERSION = 4\nexport XEN_SUBVERSION = 17\nolddefconfig:\n\t@echo broken >&2; false\n',
    )
    const opened = openSource(directory)
    if (opened.kind !== 'opened') throw new Error('The source does not open')
    const target = { version: undefined, packageVersion: undefined, compiler: undefined }
    const cacheDirectory = path.join(directory, 'cache')
    const outcome = await prepareBaseline({
      source: opened.source,
      target,
      cacheDirectory,
      progress,
    })
    expect(outcome).toMatchObject({ refusal: { kind: 'source-does-not-compile' } })
    expect(outcome.kind === 'refused' && JSON.stringify(outcome.refusal)).toContain('broken')
    expect(openSource(path.join(cacheDirectory, 'x'))).toMatchObject({ kind: 'refused' })
  })
})
