import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const MAIN = path.resolve(import.meta.dirname, '../src/cli/main.ts')
const SECRET = 'PlantedSecret'
const SECRET_CVE = 'CVE-2099-98765'
const DISCLOSURE = '2099-12-01T12:00:00.000Z'
const USAGE = 2

/** One advisory under embargo in every format, with the secret in every field that takes text. */
const FILES: Readonly<Record<string, unknown>> = {
  'own.json': {
    formatVersion: 1,
    xsa: 600,
    title: SECRET,
    cves: [SECRET_CVE],
    publicAt: DISCLOSURE,
    component: 'hypervisor',
    impacts: [{ kind: 'denial-of-service', by: SECRET, source: SECRET }],
    condition: { fact: 'config', test: 'is', option: SECRET, value: SECRET, source: SECRET },
    fixedIn: [
      {
        branch: SECRET,
        commits: [SECRET],
        since: SECRET,
        buildIds: [],
        packages: [{ distribution: SECRET, name: SECRET, version: SECRET }],
      },
    ],
    embargo: { state: 'P', dates: { R: SECRET, P: SECRET, A: DISCLOSURE } },
    permission: { permitted: 'yes', sentence: SECRET },
    sources: [{ kind: SECRET, reference: SECRET }],
    [SECRET]: { [SECRET]: [SECRET] },
  },
  'xsa.json': [{ xsas: [{ xsa: 600, title: `${SECRET} (embargoed)`, cve: SECRET, note: SECRET }] }],
  'xsa600.meta': {
    XSA: 600,
    SupportedVersions: [SECRET],
    Trees: [SECRET],
    Recipes: {
      [SECRET]: { Recipes: { [SECRET]: { StableRef: SECRET, Patches: [`../${SECRET}`, SECRET] } } },
    },
  },
  'cve.json': {
    dataType: 'CVE_RECORD',
    cveMetadata: { cveId: SECRET_CVE, state: 'RESERVED', dateUpdated: SECRET },
    containers: {
      cna: {
        title: SECRET,
        datePublic: SECRET,
        impacts: [{ descriptions: [{ lang: 'en', value: `${SECRET} denial of service.` }] }],
        references: [{ url: 'https://example.org/advisory-600.html', name: SECRET }],
      },
    },
  },
  'csaf.json': {
    document: {
      csaf_version: '2.0',
      title: `XSA-600 ${SECRET}`,
      distribution: { tlp: { label: 'AMBER' } },
      tracking: { id: SECRET, status: 'final', initial_release_date: SECRET },
    },
    vulnerabilities: [{ cve: SECRET_CVE, title: SECRET, notes: [{ text: SECRET, title: SECRET }] }],
  },
  'xsa600.txt': [
    `Xen Security Advisory ${SECRET_CVE} / XSA-600\n  *** EMBARGOED UNTIL 2099-12-01 12:00 UTC ***`,
    `  ${SECRET}`,
    `IMPACT\n======\n\n${SECRET} causes denial of service.`,
    `DEPLOYMENT DURING EMBARGO\n====\n\nDeployment of the ${SECRET} patch is permitted.`,
  ].join('\n\n'),
  'broken.json': `{"formatVersion": 1, "xsa": 600, "title": "${SECRET}`,
  'deep.json': `{"${SECRET}": ${'['.repeat(500)}${']'.repeat(500)}}`,
  'unknown.json': { [SECRET]: SECRET },
}

const INVENTORY = {
  formatVersion: 1,
  collectedAt: '2026-11-21T12:00:00.000Z',
  hosts: [
    { id: 'h1', name: 'h1', facts: { seenAt: '2026-11-21T12:00:00.000Z', seenBy: 'a test' } },
  ],
}

const AUTHOR = ['--author', 'Example', '--namespace', 'https://example.org']

/** Everything that somebody without clearance can ask. */
const QUESTIONS: readonly (readonly string[])[] = [
  ['advisory', 'list'],
  ['advisory', 'show', 'XSA-600'],
  ['advisory', 'window', 'XSA-600'],
  ['assess', 'XSA-600'],
  ['assess', 'XSA-600', '--by', 'x', '--why', 'y', '--evidence', 'z', '--severity', 'low'],
  ['exposure'],
  ['exposure', 'XSA-600', '--explain'],
  ['coverage', 'XSA-600'],
  ['inventory', 'list'],
  ['vex', ...AUTHOR],
  ['vex', 'XSA-600', ...AUTHOR],
  ['vex', '--format', 'openvex', ...AUTHOR],
]

let folder: string
let store: string

function reweave(...args: readonly string[]): { code: number | null; said: string } {
  const env = { ...process.env, REWEAVE_STORE: store }
  const result = spawnSync(process.execPath, [MAIN, ...args], { env, encoding: 'utf8' })
  return { code: result.status, said: result.stdout + result.stderr }
}

/** The content and the names of all files that are not behind the embargo. */
function everythingOutside(): string {
  return readdirSync(store, { recursive: true, withFileTypes: true })
    .filter((entry) => !path.join(entry.parentPath, entry.name).includes('/embargoed/'))
    .map((entry) => {
      const file = path.join(entry.parentPath, entry.name)
      return `${file}\n${entry.isFile() ? readFileSync(file, 'utf8') : ''}`
    })
    .join('\n')
}

let importing: string

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'reweave-embargo-'))
  store = path.join(folder, 'store')
  for (const [name, content] of Object.entries(FILES)) {
    const text = typeof content === 'string' ? content : JSON.stringify(content)
    writeFileSync(path.join(folder, name), text)
  }
  const files = Object.keys(FILES).map((name) => path.join(folder, name))
  const plain = reweave('advisory', 'import', ...files)
  const again = reweave('advisory', 'import', '--json', ...files)
  importing = plain.said + again.said
  writeFileSync(path.join(store, 'inventory.json'), JSON.stringify(INVENTORY))
  const judgement = [
    '--by',
    'A. Smith',
    '--why',
    SECRET,
    '--evidence',
    SECRET,
    '--severity',
    'high',
  ]
  reweave('assess', 'XSA-600', '--cleared', ...judgement)
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('an embargoed advisory with a secret in every field', () => {
  it('gives none of it away while it is imported, not in its problems either', () => {
    expect(importing).toContain('XSA-600: kept behind its embargo')
    for (const file of ['broken.json', 'deep.json', 'unknown.json']) {
      expect(importing).toContain(file)
    }
    expect(importing).not.toContain(SECRET)
    expect(importing).not.toContain(SECRET_CVE)
  })

  it.each(QUESTIONS.map((question) => [question.join(' '), question] as const))(
    'gives none of it away to: reweave %s',
    (_, question) => {
      for (const args of [question, [...question, '--json']]) {
        const { code, said } = reweave(...args)
        expect(code).not.toBe(USAGE)
        expect(said).not.toBe('')
        expect(said).not.toContain(SECRET)
        expect(said).not.toContain(SECRET_CVE)
      }
    },
  )

  it('says to everybody that there is an issue, and until when', () => {
    const { said } = reweave('advisory', 'show', '600')
    expect(said).toContain('XSA-600: an issue exists; disclosure in ')
    expect(said).toContain(DISCLOSURE)
  })

  it('is in no file of the store but those behind the embargo', () => {
    const outside = everythingOutside()
    expect(outside).toContain('xsa-600')
    expect(outside).not.toContain(SECRET)
    expect(outside).not.toContain(SECRET_CVE)
  })

  it('is shown whole to the cleared, with its assessment, and marked', () => {
    const { code, said } = reweave('advisory', 'show', 'XSA-600', '--cleared')
    expect(code).toBe(0)
    expect(said).toContain('EMBARGOED')
    expect(said).toContain(SECRET)
    expect(said).toContain('judged high by A. Smith')
  })

  it('is open to everybody once its disclosure is on record', () => {
    expect(reweave('advisory', 'disclose', 'XSA-600', '--by', 'A. Smith').code).toBe(0)
    const { said } = reweave('advisory', 'show', 'XSA-600')
    expect(said).toContain(SECRET_CVE)
    expect(said).toContain('judged high by A. Smith')
  })
})
