import { describe, expect, it } from 'vitest'
import type { Advisory } from './advisory.ts'
import type { TestFinding } from './condition.ts'
import { csafVex } from './csaf-vex.ts'
import type { Exposure } from './exposure.ts'
import type { FactName } from './host-facts.ts'
import { openVex } from './openvex.ts'
import { type VexHost, type VexSubject, vexStatements } from './vex.ts'

const FACTS = {
  author: 'Example Ltd',
  namespace: 'https://security.example.org/',
  id: 'example-1',
  at: '2026-11-21T12:00:00.000Z',
}

const ADVISORY: Advisory = {
  formatVersion: 1,
  xsa: 506,
  title: 'A made-up hole',
  cves: ['CVE-2026-1001'],
  publicAt: undefined,
  component: 'hypervisor',
  impacts: [],
  condition: undefined,
  fixedIn: [
    {
      branch: '4.17',
      commits: ['abcdef'],
      since: '4.17.5+80',
      buildIds: [],
      packages: [{ distribution: 'debian-12', name: 'xen', version: '4.17.7+13' }],
    },
  ],
  embargo: { state: 'A', dates: {} },
  permission: { permitted: 'unknown', sentence: undefined },
  sources: [],
  extra: {},
}

function host(id: string): VexHost {
  return { id, name: `name of ${id}`, xenVersion: '4.17.6-pre', buildId: 'ab'.repeat(20) }
}

function finding(fact: FactName): TestFinding {
  return { fact, test: `${fact} is so`, truth: 'false', found: 'otherwise', source: 'A sentence' }
}

const base = { xsa: 506, counts: true }
const AFFECTED: Exposure = { ...base, verdict: 'affected', disk: 'false', because: [] }
const UNKNOWN: Exposure = { ...base, verdict: 'unknown', missing: ['buildId'], because: [] }

function notAffected(...facts: readonly FactName[]): Exposure {
  return { ...base, verdict: 'not-affected', because: facts.map(finding) }
}

function fixed(memory: 'true' | 'false' | 'unknown', disk: 'true' | 'false'): Exposure {
  return { ...base, verdict: 'fixed', memory, disk, because: [] }
}

function subject(
  exposures: readonly Exposure[],
  said: Partial<VexSubject['view']> = {},
): VexSubject {
  return {
    view: { kind: 'whole', advisory: ADVISORY, embargoed: false, ...said },
    hosts: exposures.map((exposure, index) => ({ host: host(`h${index}`), exposure })),
  }
}

describe('vexStatements()', () => {
  it.each<[string, Exposure, string, RegExp | undefined]>([
    ['affected', AFFECTED, 'affected', /debian-12 xen 4\.17\.7\+13/],
    ['unknown', UNKNOWN, 'under_investigation', undefined],
    ['fixed in memory and on disk', fixed('true', 'true'), 'fixed', undefined],
    ['fixed in memory alone', fixed('true', 'false'), 'fixed', /a reboot takes the fix out/],
    ['fixed on disk alone', fixed('false', 'true'), 'affected', /boot it/],
    ['fixed on disk, memory unknown', fixed('unknown', 'true'), 'under_investigation', undefined],
  ])('says of a host that is %s', (_, exposure, status, action) => {
    const [statement] = vexStatements([subject([exposure])])
    expect(statement?.status).toBe(status)
    expect(statement?.action ?? '').toMatch(action ?? /^$/)
  })

  it.each<[readonly FactName[], string]>([
    [['config'], 'vulnerable_code_not_present'],
    [['architecture', 'xenVersion'], 'vulnerable_code_not_present'],
    [['guestTypes'], 'vulnerable_code_cannot_be_controlled_by_adversary'],
    [['guestTypes', 'config'], 'vulnerable_code_not_in_execute_path'],
    [['cpuVendor'], 'vulnerable_code_not_in_execute_path'],
  ])('justifies by %j what these facts allow', (facts, justification) => {
    const [statement] = vexStatements([subject([notAffected(...facts)])])
    expect(statement).toMatchObject({ status: 'not_affected', justification })
  })

  it('has hosts with one status for one reason in one statement', () => {
    const statements = vexStatements([subject([AFFECTED, UNKNOWN, AFFECTED])])
    expect(statements.map(({ hosts }) => hosts.map(({ id }) => id))).toEqual([['h0', 'h2'], ['h1']])
  })

  it('leaves out what is embargoed, whoever asks', () => {
    expect(vexStatements([subject([AFFECTED], { embargoed: true })])).toEqual([])
  })
})

/** A part of a CSAF document, by names and indices. */
function at(document: unknown, ...keys: readonly (string | number)[]): unknown {
  return keys.reduce<unknown>(
    (value, key) => (value as Record<string | number, unknown> | undefined)?.[key],
    document,
  )
}

describe('csafVex()', () => {
  const everything = subject([AFFECTED, UNKNOWN, fixed('true', 'false'), notAffected('config')])
  const document = csafVex(vexStatements([everything]), FACTS)

  it('is of the VEX profile, with all that it asks of a document', () => {
    expect(document).toMatchObject({
      document: {
        category: 'csaf_vex',
        csaf_version: '2.0',
        publisher: { category: 'user', name: 'Example Ltd', namespace: FACTS.namespace },
        tracking: { id: 'example-1', status: 'final', version: '1' },
      },
      vulnerabilities: [{ cve: 'CVE-2026-1001', ids: [{ text: 'XSA-506' }] }],
    })
  })

  it('has each host once, in one status', () => {
    expect(at(document, 'vulnerabilities', 0, 'product_status')).toEqual({
      known_affected: ['h0'],
      under_investigation: ['h1'],
      fixed: ['h2'],
      known_not_affected: ['h3'],
    })
    const products = at(document, 'product_tree', 'full_product_names') as { product_id: string }[]
    expect(products.map((product) => product.product_id)).toEqual(['h0', 'h1', 'h2', 'h3'])
  })

  it('says why a host is not affected, and what to do on one that is', () => {
    expect(at(document, 'vulnerabilities', 0, 'flags')).toEqual([
      { label: 'vulnerable_code_not_present', product_ids: ['h3'] },
    ])
    const remediations = at(document, 'vulnerabilities', 0, 'remediations')
    expect(remediations).toContainEqual(
      expect.objectContaining({ category: 'vendor_fix', product_ids: ['h0'] }),
    )
  })

  it('has a vulnerability for each CVE, and names no CVE twice', () => {
    const two = { ...ADVISORY, cves: ['CVE-2026-1001', 'CVE-2026-1002'] }
    const again = { ...ADVISORY, xsa: 507, cves: ['CVE-2026-1002'] }
    const subjects = [two, again].map((advisory) => subject([AFFECTED], { advisory }))
    const vulnerabilities = at(csafVex(vexStatements(subjects), FACTS), 'vulnerabilities')
    expect((vulnerabilities as { cve?: string }[]).map(({ cve }) => cve)).toEqual([
      'CVE-2026-1001',
      'CVE-2026-1002',
      undefined,
    ])
  })
})

describe('openVex()', () => {
  it('has the parts that the specification asks for', () => {
    const document = openVex(vexStatements([subject([AFFECTED])]), FACTS)
    expect(document).toMatchObject({
      '@context': 'https://openvex.dev/ns/v0.2.0',
      '@id': 'https://security.example.org/vex/example-1',
      author: 'Example Ltd',
      version: 1,
      statements: [
        {
          vulnerability: { name: 'CVE-2026-1001', aliases: ['XSA-506'] },
          products: [{ '@id': 'urn:reweave:host:h0' }],
          status: 'affected',
          action_statement: 'Install the fix of XSA-506: debian-12 xen 4.17.7+13',
        },
      ],
    })
  })

  it('has an action for affected hosts alone, and a justification for the others alone', () => {
    const all = [AFFECTED, UNKNOWN, fixed('true', 'false'), notAffected('config')]
    const document = openVex(vexStatements([subject(all)]), FACTS)
    const statements = at(document, 'statements') as Record<string, unknown>[]
    const having = (key: string): readonly unknown[] =>
      statements.filter((one) => key in one).map(({ status }) => status)
    expect(having('action_statement')).toEqual(['affected'])
    expect(having('justification')).toEqual(['not_affected'])
    // The schema lets a justification and a statement of the impact not stand together.
    expect(having('impact_statement')).toEqual([])
  })

  it('names an advisory without CVEs by its own name', () => {
    const advisory = { ...ADVISORY, cves: [] }
    const document = openVex(vexStatements([subject([AFFECTED], { advisory })]), FACTS)
    expect(at(document, 'statements', 0, 'vulnerability', 'name')).toBe('XSA-506')
  })

  it('names a host that has a UUID by it', () => {
    const id = '11111111-2222-3333-4444-555555555555'
    const one = { ...subject([]), hosts: [{ host: host(id), exposure: AFFECTED }] }
    const document = openVex(vexStatements([one]), FACTS)
    expect(at(document, 'statements', 0, 'products', 0, '@id')).toBe(`urn:uuid:${id}`)
  })
})
