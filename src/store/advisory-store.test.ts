import {
  appendFileSync,
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Assessment } from '../advisory/assessment.ts'
import type { Embargo } from '../advisory/advisory.ts'
import { type AdvisoryStatement, emptyStatement } from '../advisory/statement.ts'
import { anyStatement } from '../advisory/testing/any-statement.ts'
import { AdvisoryStore } from './advisory-store.ts'
import { storeFolders } from './store-folders.ts'

const NOW = '2026-11-21T12:00:00.000Z'
const LATER = '2026-12-01T12:00:00.000Z'
const SECRET = 'a-planted-secret'
const EMBARGOED: Embargo = { state: 'P', dates: { A: LATER } }
const PUBLIC: Embargo = { state: 'A', dates: { A: '2026-11-01T12:00:00.000Z' } }

let root: string
let store: AdvisoryStore

beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'reweave-store-'))
  store = new AdvisoryStore(storeFolders(root, []))
})

afterEach(() => {
  rmSync(root, { recursive: true, force: true })
})

function statement(said: Partial<AdvisoryStatement>, kind = 'advisory-text'): AdvisoryStatement {
  return { ...emptyStatement(600, { kind, reference: 'file' }), title: SECRET, ...said }
}

function filesOutside(folder: string): readonly string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !file.startsWith(path.join(root, folder)))
}

function titles(cleared: boolean): readonly unknown[] {
  return store
    .load({ cleared, now: NOW })
    .advisories.map((one) => (one.kind === 'whole' ? one.view.advisory.title : one.view))
}

describe('AdvisoryStore', () => {
  it('gives back what it was given, once', () => {
    const [first] = store.add([statement({ embargo: PUBLIC })], NOW)
    const [again] = store.add([statement({ embargo: PUBLIC })], NOW)
    expect(first).toMatchObject({ kind: 'kept', added: 1, alreadyThere: 0, embargoed: false })
    expect(again).toMatchObject({ kind: 'kept', added: 0, alreadyThere: 1 })
    expect(titles(false)).toEqual([SECRET])
  })

  it('keeps every statement that differs, and says where they disagree', () => {
    const [added] = store.add(
      [statement({ embargo: PUBLIC }, 'xsa.json'), statement({ title: 'Other' }, 'cve-5')],
      NOW,
    )
    expect(added).toMatchObject({ added: 2, disagreeing: ['title'] })
  })

  it('loses nothing and changes nothing on a second import, whatever the statements', () => {
    fc.assert(
      fc.property(fc.array(anyStatement(), { maxLength: 6 }), (statements) => {
        const folder = mkdtempSync(path.join(root, 'trial-'))
        const trial = new AdvisoryStore(storeFolders(folder, []))
        const viewer = { cleared: true, now: NOW }
        trial.add(statements, NOW)
        const once = trial.load(viewer)
        const again = trial.add(statements, NOW)
        expect(again.every((one) => one.kind === 'kept' && one.added === 0)).toBe(true)
        expect(trial.load(viewer)).toEqual(once)
        expect(once.advisories).toHaveLength(new Set(statements.map(({ xsa }) => xsa)).size)
      }),
      { seed: 630, numRuns: 25 },
    )
  })

  it('names a file that is damaged, and loads the rest', () => {
    store.add([statement({ embargo: PUBLIC })], NOW)
    writeFileSync(path.join(root, 'advisories/xsa-600/damaged.json'), '{"formatVersion": 1, ')
    const { advisories, problems } = store.load({ cleared: false, now: NOW })
    expect(advisories).toHaveLength(1)
    expect(problems).toMatchObject([{ name: 'not-json', file: 'damaged.json' }])
  })

  it('loads advisories that come with Reweave, and never writes to them', () => {
    const shipped = path.join(root, 'shipped')
    const other = new AdvisoryStore(storeFolders(shipped, []))
    other.add([statement({ embargo: PUBLIC })], NOW)
    const folders = storeFolders(root, [path.join(shipped, 'advisories/xsa-600')])
    const both = new AdvisoryStore(folders)
    const before = readdirSync(shipped, { recursive: true })
    both.add([statement({ title: undefined, cves: ['CVE-2026-1000'] }, 'xsa.json')], NOW)
    const [loaded] = both.load({ cleared: false, now: NOW }).advisories
    expect(loaded?.view).toMatchObject({ advisory: { title: SECRET, cves: ['CVE-2026-1000'] } })
    expect(readdirSync(shipped, { recursive: true })).toEqual(before)
  })
})

describe('an embargoed advisory in the store', () => {
  it('is in no file outside the embargoed folder, which is its owner’s alone', () => {
    store.add([statement({ embargo: EMBARGOED })], NOW)
    const outside = filesOutside('embargoed')
    expect(outside.map((file) => path.basename(file))).toEqual(['embargoed.json'])
    for (const file of outside) expect(readFileSync(file, 'utf8')).not.toContain(SECRET)
    expect(statSync(path.join(root, 'embargoed')).mode & 0o777).toBe(0o700)
    for (const file of readdirSync(path.join(root, 'embargoed/xsa-600'))) {
      expect(statSync(path.join(root, 'embargoed/xsa-600', file)).mode & 0o007).toBe(0)
    }
    // What is public stays readable to everybody.
    expect(statSync(path.join(root, 'advisories')).mode & 0o777).toBe(0o755)
  })

  it('leaves the embargoed folder as its owner set it, for a group of the cleared', () => {
    store.add([statement({ embargo: EMBARGOED })], NOW)
    chmodSync(path.join(root, 'embargoed'), 0o750)
    store.add([statement({ embargo: EMBARGOED, title: 'more' }, 'cve-5')], NOW)
    expect(statSync(path.join(root, 'embargoed')).mode & 0o777).toBe(0o750)
  })

  it('is a number and a date to the uncleared, and whole to the cleared', () => {
    store.add([statement({ embargo: EMBARGOED })], NOW)
    expect(titles(false)).toEqual([{ kind: 'embargoed', xsa: 600, disclosureAt: LATER }])
    expect(titles(true)).toEqual([SECRET])
  })

  it('takes what was said of it in the open behind the embargo', () => {
    store.add([statement({ embargo: PUBLIC }, 'xsa.json')], NOW)
    store.add([statement({ embargo: EMBARGOED }, 'advisory-text')], NOW)
    for (const file of filesOutside('embargoed')) {
      expect(readFileSync(file, 'utf8')).not.toContain(SECRET)
    }
  })

  it('comes out once it is public, with its assessments, and leaves nothing behind', () => {
    store.add([statement({ embargo: EMBARGOED })], NOW)
    store.assess(assessment(SECRET), true)
    for (const file of filesOutside('embargoed')) {
      expect(readFileSync(file, 'utf8')).not.toContain(SECRET)
    }
    store.add([statement({ embargo: { state: 'A', dates: { A: NOW } } }, 'disclosure')], NOW)
    expect(titles(false)).toEqual([SECRET])
    expect(readdirSync(path.join(root, 'embargoed'))).toEqual([])
    const [loaded] = store.load({ cleared: false, now: NOW }).advisories
    expect(loaded).toMatchObject({ assessments: [{ why: SECRET }] })
  })

  it('stays an issue that exists where what is said of it in the open is damaged', () => {
    store.add([statement({ embargo: EMBARGOED })], NOW)
    writeFileSync(path.join(root, 'advisories/xsa-600/embargoed.json'), SECRET)
    expect(titles(false)).toEqual([{ kind: 'embargoed', xsa: 600, disclosureAt: undefined }])
  })

  it('is refused to a cleared viewer without access', () => {
    store.add([statement({ embargo: EMBARGOED })], NOW)
    withoutAccess(() => {
      expect(() => titles(true)).toThrow('Not cleared')
      expect(store.add([statement({ embargo: PUBLIC }, 'xsa.json')], NOW)).toEqual([
        { kind: 'not-cleared', xsa: 600 },
      ])
      expect(titles(false)).toEqual([{ kind: 'embargoed', xsa: 600, disclosureAt: LATER }])
    })
  })
})

const NOBODY = 65_534

/** Runs `work` as a user who may read the store, but not the embargoed folder. */
function withoutAccess(work: () => void): void {
  const isRoot = process.geteuid?.() === 0
  chmodSync(root, 0o755)
  // Root may read every folder whatever its mode, so root becomes somebody else.
  if (isRoot) process.seteuid?.(NOBODY)
  else chmodSync(path.join(root, 'embargoed'), 0o000)
  try {
    work()
  } finally {
    if (isRoot) process.seteuid?.(0)
    else chmodSync(path.join(root, 'embargoed'), 0o700)
  }
}

describe('assessments', () => {
  it('stay on record, all of them, in their order', () => {
    store.add([statement({ embargo: PUBLIC })], NOW)
    store.assess(assessment('first'), false)
    store.assess(assessment('second'), false)
    const [loaded] = store.load({ cleared: false, now: NOW }).advisories
    expect(loaded).toMatchObject({ assessments: [{ why: 'first' }, { why: 'second' }] })
  })
})

describe('a damaged file of assessments', () => {
  it('is refused by its name, and not taken for none', () => {
    store.add([statement({ embargo: PUBLIC })], NOW)
    store.assess(assessment('first'), false)
    appendFileSync(path.join(root, 'assessments/xsa-600.jsonl'), '{}\n')
    expect(() => store.load({ cleared: false, now: NOW })).toThrow('xsa-600.jsonl')
  })
})

function assessment(why: string): Assessment {
  return {
    formatVersion: 1,
    xsa: 600,
    madeAt: NOW,
    by: 'A. Smith',
    why,
    evidence: ['run 417'],
    severity: 'low',
    impacts: ['denial-of-service'],
    condition: undefined,
  }
}
