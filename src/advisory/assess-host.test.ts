import { describe, expect, it } from 'vitest'
import { parseBuildId } from '../image/build-id.ts'
import type { BuildId } from '../image/build-id.ts'
import { assessHost, type DecidingAdvisory } from './assess-host.ts'
import type { BuildRecord } from './build-record.ts'
import type { Exposure } from './exposure.ts'
import type { HostFacts } from './host-facts.ts'

const OLD = buildId('39'.repeat(20))
const NEW = buildId('4a'.repeat(20))

const advisory: DecidingAdvisory = {
  xsa: 506,
  component: 'hypervisor',
  condition: { fact: 'guestTypes', test: 'has', value: 'hvm', source: 'Only HVM guests' },
  impacts: [{ kind: 'denial-of-service', by: 'a guest', source: 'IMPACT' }],
  fixedIn: [{ branch: '4.17', commits: ['abc'], since: '4.17.5+80', buildIds: [], packages: [] }],
}

const catalogue = new Map([record(OLD, '4.17.5+72'), record(NEW, '4.17.7+13')])

function buildId(text: string): BuildId {
  const id = parseBuildId(text)
  if (id === undefined) throw new Error(`${text} is no build-id`)
  return id
}

function record(id: BuildId, sourceVersion: string): readonly [string, BuildRecord] {
  const source = 'the package'
  return [id, { buildId: id, sourceVersion, package: undefined, extraFixes: [], source }]
}

function host(facts: Partial<HostFacts>): HostFacts {
  return {
    seenAt: '2026-11-21T12:00:00.000Z',
    seenBy: 'a test',
    buildId: OLD,
    diskBuildId: OLD,
    memoryFixes: [],
    guestTypes: { pv: 0, pv32: 0, pvh: 0, hvm: 1 },
    ...facts,
  }
}

function assess(facts: Partial<HostFacts>, over: Partial<DecidingAdvisory> = {}): Exposure {
  const policy = { denialOfServiceCounts: true }
  return assessHost({ ...advisory, ...over }, host(facts), { catalogue, policy })
}

const applied = {
  name: 'xsa-506',
  advisory: 'XSA-506',
  channel: 'dma',
  state: 'applied',
} as const

describe('assessHost()', () => {
  it('finds a host affected, by its guests, its build and the empty memory', () => {
    const exposure = assess({})
    expect(exposure).toMatchObject({ verdict: 'affected', disk: 'false', counts: true })
    expect(exposure.because.map(({ fact, found }) => [fact, found])).toEqual([
      ['buildId', `${OLD}, made from 4.17.5+72`],
      ['diskBuildId', `${OLD}, made from 4.17.5+72`],
      ['guestTypes', 'present'],
      ['memoryFixes', 'none'],
    ])
  })

  it('finds a host without such guests not affected, for that reason alone', () => {
    const exposure = assess({ guestTypes: { hvm: 0 } })
    expect(exposure).toMatchObject({ verdict: 'not-affected' })
    expect(exposure.because.map(({ fact }) => fact)).toEqual(['guestTypes'])
  })

  it('tells a fix in memory only, on disk only, and in both', () => {
    expect(assess({ memoryFixes: [applied] })).toMatchObject({
      verdict: 'fixed',
      memory: 'true',
      disk: 'false',
    })
    expect(assess({ diskBuildId: NEW })).toMatchObject({
      verdict: 'fixed',
      memory: 'false',
      disk: 'true',
    })
    expect(assess({ buildId: NEW, diskBuildId: NEW })).toMatchObject({
      verdict: 'fixed',
      memory: 'true',
      disk: 'true',
    })
  })

  it.each(['inconsistent', 'foreign', 'unknown'] as const)(
    'does not know about a host whose fix in memory is %s',
    (state) => {
      const exposure = assess({ memoryFixes: [{ ...applied, state }] })
      expect(exposure).toMatchObject({ verdict: 'unknown', missing: ['memoryFixes'] })
    },
  )

  it('does not take the fix of another advisory for this one', () => {
    const memoryFixes = [{ ...applied, advisory: 'XSA-108' }]
    expect(assess({ memoryFixes }).verdict).toBe('affected')
  })

  it('says which facts are missing where it does not know', () => {
    expect(assess({ guestTypes: undefined, memoryFixes: undefined })).toMatchObject({
      verdict: 'unknown',
      missing: ['guestTypes', 'memoryFixes'],
    })
    expect(assess({ buildId: buildId('77'.repeat(20)) })).toMatchObject({
      verdict: 'unknown',
      missing: ['buildId'],
    })
  })

  it('does not know about any host where the advisory has no condition', () => {
    const exposure = assess({}, { condition: undefined })
    expect(exposure).toMatchObject({ verdict: 'unknown', missing: ['condition'] })
  })

  it('takes a version that Xen reports for a fix, and not for the lack of one', () => {
    const unlisted = { buildId: undefined, diskBuildId: undefined }
    expect(assess({ ...unlisted, xenVersion: '4.17.6' }).verdict).toBe('fixed')
    expect(assess({ ...unlisted, xenVersion: '4.17.5' }).verdict).toBe('unknown')
    expect(assess({ ...unlisted, xenVersion: '4.17.6-pre' }).verdict).toBe('unknown')
    expect(assess({ ...unlisted, sourceVersion: '4.17.5' }).verdict).toBe('affected')
  })

  it('knows nothing of a branch for which no fix is listed', () => {
    const facts = { buildId: undefined, sourceVersion: '4.16.2' }
    expect(assess(facts).verdict).toBe('unknown')
  })

  it('takes what master held at a release to be in all later branches', () => {
    const fixedIn = [
      { branch: 'master', commits: ['abc'], since: '4.21.0', buildIds: [], packages: [] },
    ]
    const facts = { buildId: undefined, sourceVersion: '4.22.1' }
    expect(assess(facts, { fixedIn }).verdict).toBe('fixed')
    expect(assess({ ...facts, sourceVersion: '4.20.3' }, { fixedIn }).verdict).toBe('unknown')
  })

  it('believes the advisory and the catalogue about builds with fixes beyond their version', () => {
    const fixedIn = advisory.fixedIn.map((entry) => ({ ...entry, buildIds: [OLD] }))
    expect(assess({}, { fixedIn })).toMatchObject({ verdict: 'fixed', memory: 'true' })
  })

  it('judges the toolstack by its own version', () => {
    const over = { component: 'toolstack' } as const
    expect(assess({ toolstackVersion: '4.17.5' }, over).verdict).toBe('affected')
    expect(assess({ toolstackVersion: '4.17.7' }, over).verdict).toBe('fixed')
    expect(assess({}, over)).toMatchObject({ verdict: 'unknown', missing: ['toolstackVersion'] })
  })

  it('does not count what allows denial of service alone, where the operator does not', () => {
    const context = { catalogue, policy: { denialOfServiceCounts: false } }
    expect(assessHost(advisory, host({}), context)).toMatchObject({
      verdict: 'affected',
      counts: false,
    })
    // Impacts that nobody has stated may be anything.
    expect(assessHost({ ...advisory, impacts: [] }, host({}), context).counts).toBe(true)
  })
})
