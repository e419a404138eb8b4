import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Bundle } from '../hotfix/bundle.ts'
import { BUILT, buildIdOf, WRITTEN } from '../hotfix/testing/made-up-bundle.ts'
import { bundleWrittenFix, writeBundle } from '../hotfix/write-bundle.ts'
import type { BuildId } from '../image/build-id.ts'
import { exportHotfix } from './export-hotfix.ts'
import {
  describeShelfRefusal,
  findHotfix,
  findKept,
  listHotfixes,
  type Shelf,
  type ShelfOutcome,
} from './fix-shelf.ts'
import { keepHotfix, keptFiles } from './kept-hotfixes.ts'
import { sha256 } from './sha256.ts'

const built = writeBundle(BUILT, sha256)
const retitled = writeBundle({ ...BUILT, title: 'The same, called otherwise' }, sha256)

let folder: string
let shelf: Shelf

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'reweave-shelf-'))
  const folders = [path.join(folder, 'fixes')]
  shelf = { folders, state: path.join(folder, 'state'), running: undefined }
  mkdirSync(path.join(folder, 'fixes'))
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

function put(name: string, content: string | Uint8Array): string {
  const file = path.join(folder, 'fixes', name)
  writeFileSync(file, content)
  return file
}

/** The same fix by hand, for that build. */
function writtenFor(buildId: BuildId): Bundle {
  const text = WRITTEN.replace(/build-id: \S+/, `build-id: ${buildId}`)
  const outcome = bundleWrittenFix(text, { reweave: '0.1.0', sha256 })
  if (outcome.kind === 'refused') throw new Error(JSON.stringify(outcome.problems))
  return outcome.bundle
}

function foundIn(outcome: ShelfOutcome): Bundle | undefined {
  return outcome.kind === 'found' ? outcome.shelved.hotfix : undefined
}

describe('findHotfix()', () => {
  it('takes a fix file and a bundle of it for the same hotfix', () => {
    put('xsa-108.yaml', WRITTEN)
    const bare = foundIn(findHotfix('xsa-108', shelf, 'shelf'))
    expect(bare?.fix?.name).toBe('xsa-108')
    const file = path.join(folder, 'elsewhere.hotfix')
    writeFileSync(file, bare?.bytes ?? '')
    expect(foundIn(findHotfix(file, shelf, 'shelf'))?.digest).toBe(bare?.digest)
  })

  it('finds a bundle by the name that it gives itself, whatever its file is called', () => {
    put('download.hotfix', built.bytes)
    expect(foundIn(findHotfix('xsa-506', shelf, 'shelf'))?.digest).toBe(built.digest)
    expect(foundIn(findHotfix('download', shelf, 'shelf'))?.digest).toBe(built.digest)
  })

  it('finds what was applied when its file is gone', () => {
    keepHotfix(shelf.state, built)
    for (const preference of ['shelf', 'kept'] as const) {
      expect(foundIn(findHotfix('xsa-506', shelf, preference))?.digest).toBe(built.digest)
    }
  })

  it('takes the one on the shelf, or the one that was applied, as it is asked to', () => {
    put('xsa-506.hotfix', retitled.bytes)
    keepHotfix(shelf.state, built)
    expect(foundIn(findHotfix('xsa-506', shelf, 'shelf'))?.digest).toBe(retitled.digest)
    expect(foundIn(findHotfix('xsa-506', shelf, 'kept'))?.digest).toBe(built.digest)
  })

  it('says why a bundle that was named cannot be used, with its file', () => {
    const file = put('xsa-506.hotfix', built.bytes.subarray(0, 1500))
    for (const wanted of [file, 'xsa-506']) {
      const outcome = findHotfix(wanted, shelf, 'shelf')
      const refusal = outcome.kind === 'refused' ? outcome.refusal : undefined
      expect(refusal).toMatchObject({ kind: 'bad-bundle', refusal: { kind: 'cut', found: 1500 } })
      expect(refusal && describeShelfRefusal(refusal)).toMatch(
        /xsa-506\.hotfix is cut: it has 1500 bytes, .*; nothing was written$/,
      )
    }
  })

  it('finds the hotfix that another stands on, beside it or among what was applied', () => {
    const upper = writeBundle({ ...BUILT, name: 'upper', onTopOf: 'xsa-506' }, sha256)
    const file = put('upper.hotfix', upper.bytes)
    expect(findHotfix(file, shelf, 'shelf')).toMatchObject({
      kind: 'refused',
      refusal: { kind: 'base-missing', fix: 'upper', wanted: 'xsa-506' },
    })
    keepHotfix(shelf.state, built)
    expect(findHotfix(file, shelf, 'shelf')).toMatchObject({
      kind: 'found',
      shelved: { base: { manifest: { name: 'xsa-506' } } },
    })
    expect(findHotfix('xsa-506', shelf, 'kept')).toMatchObject({
      kind: 'found',
      shelved: { dependents: [{ manifest: { name: 'upper' } }] },
    })
  })
})

describe('findHotfix(), of hotfixes of one name for several builds', () => {
  const elsewhere = buildIdOf('77')
  const own = writtenFor(BUILT.base.buildId)
  const other = writtenFor(elsewhere)

  beforeEach(() => {
    put('a.hotfix', own.bytes)
    put('b.hotfix', other.bytes)
  })

  it.each([
    ['the first', own, other],
    ['the second', other, own],
  ])('takes the one for the build that runs: %s', (_, wanted, kept) => {
    const here = { ...shelf, running: wanted.manifest.base.buildId }
    keepHotfix(shelf.state, kept)
    for (const preference of ['shelf', 'kept'] as const) {
      expect(foundIn(findHotfix('xsa-108', here, preference))?.digest).toBe(wanted.digest)
    }
  })

  it('refuses the name where none is for it, and tells which file is for which build', () => {
    const outcome = findHotfix('xsa-108', shelf, 'shelf')
    const refusal = outcome.kind === 'refused' ? outcome.refusal : undefined
    expect(refusal).toMatchObject({
      kind: 'several-builds',
      found: [{ buildId: BUILT.base.buildId }, { buildId: elsewhere }],
    })
    expect(refusal && describeShelfRefusal(refusal)).toMatch(
      /nothing was written. Give the path of one:\n.*a\.hotfix is/,
    )
  })

  it('takes a path for what it is', () => {
    const here = { ...shelf, running: elsewhere }
    const file = path.join(folder, 'fixes/a.hotfix')
    expect(foundIn(findHotfix(file, here, 'shelf'))?.digest).toBe(own.digest)
  })

  it('is told of each build by listHotfixes()', () => {
    expect(listHotfixes(shelf).map(({ digest }) => digest)).toEqual([own.digest, other.digest])
  })
})

describe('listHotfixes()', () => {
  it('tells each name once, and passes over what is malformed', () => {
    put('xsa-506.hotfix', retitled.bytes)
    put('xsa-108.yaml', WRITTEN)
    put('bad.yaml', 'name: [')
    put('bad.hotfix', 'no bundle')
    keepHotfix(shelf.state, built)
    const listed = listHotfixes(shelf).map(({ manifest, digest }) => [manifest.name, digest])
    expect(listed).toEqual([
      ['xsa-506', built.digest],
      ['xsa-108', expect.any(String)],
    ])
  })
})

describe('keepHotfix()', () => {
  it('keeps the file as it is, and drops others of its name alone', () => {
    const first = keepHotfix(shelf.state, built)
    expect(path.basename(first)).toBe(`xsa-506-${built.digest.slice(0, 8)}.hotfix`)
    expect([...readFileSync(first)]).toEqual([...built.bytes])
    const longer = writeBundle({ ...BUILT, name: 'xsa-506-more' }, sha256)
    keepHotfix(shelf.state, longer)
    const second = keepHotfix(shelf.state, retitled)
    expect(keptFiles(shelf.state, 'xsa-506')).toEqual([second])
    expect(keptFiles(shelf.state)).toHaveLength(2)
    expect(findKept('xsa-506', shelf)?.digest).toBe(retitled.digest)
  })

  it('may be called again for what is kept', () => {
    const file = keepHotfix(shelf.state, built)
    expect(keepHotfix(shelf.state, built)).toBe(file)
    expect(keptFiles(shelf.state)).toEqual([file])
  })

  it('counts no file that a crash left half-written', () => {
    const file = keepHotfix(shelf.state, built)
    copyFileSync(file, `${file}.part`)
    expect(keptFiles(shelf.state)).toEqual([file])
  })
})

describe('exportHotfix()', () => {
  it('puts the payload where a host looks for it, and the link to the one exported last', () => {
    const to = path.join(folder, 'payloads')
    const base = path.join(to, BUILT.base.buildId)
    exportHotfix(built, to)
    exportHotfix(writeBundle({ ...BUILT, name: 'later' }, sha256), to)
    expect([...readFileSync(path.join(base, 'lp_xsa-506.livepatch'))]).toEqual([
      ...(BUILT.payload ?? []),
    ])
    expect([...readFileSync(path.join(base, 'livepatch.livepatch'))]).toEqual([
      ...readFileSync(path.join(base, 'lp_later.livepatch')),
    ])
  })

  it('writes nothing of a hotfix that was written by hand', () => {
    put('xsa-108.yaml', WRITTEN)
    const hotfix = foundIn(findHotfix('xsa-108', shelf, 'shelf'))
    expect(hotfix && exportHotfix(hotfix, folder)).toEqual({ kind: 'no-payload' })
  })
})
