import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Advisory, Embargo } from './advisory.ts'
import { clockOf, describeClock, isEmbargoed, mayDeploy, viewOf } from './embargo.ts'
import { parseBuildId } from '../image/build-id.ts'

const NOW = '2026-11-21T12:00:00.000Z'
const LATER = '2026-12-01T12:00:00.000Z'
const EARLIER = '2026-11-01T12:00:00.000Z'

/** An advisory with the secret in every field that can hold text. */
function advisoryWith(secret: string, embargo: Embargo): Advisory {
  const buildId = parseBuildId('39a640e6f1412319235087391df9f1c5e13ae920')
  return {
    formatVersion: 1,
    xsa: 600,
    title: secret,
    cves: [secret],
    publicAt: secret,
    component: 'hypervisor',
    impacts: [{ kind: 'denial-of-service', by: secret, source: secret }],
    condition: { fact: 'config', test: 'is', option: secret, value: secret, source: secret },
    fixedIn: [
      {
        branch: secret,
        commits: [secret],
        since: secret,
        buildIds: buildId === undefined ? [] : [buildId],
        packages: [{ distribution: secret, name: secret, version: secret }],
      },
    ],
    embargo,
    permission: { permitted: 'yes', sentence: secret },
    sources: [{ kind: secret, reference: secret }],
    extra: { [secret]: { deep: [secret] } },
  }
}

const anySecret = fc.string({ minLength: 8 }).map((text) => `secret-${text}`)

describe('viewOf()', () => {
  it('shows the uncleared nothing but number and date, whatever the fields hold', () => {
    fc.assert(
      fc.property(anySecret, fc.constantFrom('R', 'T', 'P' as const), (secret, state) => {
        const dates = { R: secret, P: secret, A: LATER }
        const view = viewOf(advisoryWith(secret, { state, dates }), { cleared: false, now: NOW })
        expect(view).toEqual({ kind: 'embargoed', xsa: 600, disclosureAt: LATER })
        const said = JSON.stringify([view, clockOf(view, NOW), describeClock(view, NOW)])
        expect(said).not.toContain('secret-')
      }),
      { seed: 600 },
    )
  })

  it('lets no secret out in place of the disclosure date', () => {
    fc.assert(
      fc.property(anySecret, (secret) => {
        const embargo = { state: 'P', dates: { A: secret } } as const
        const view = viewOf(advisoryWith(secret, embargo), { cleared: false, now: NOW })
        expect(view).toEqual({ kind: 'embargoed', xsa: 600, disclosureAt: undefined })
        expect(describeClock(view, NOW)).toBe(
          'XSA-600: an issue exists; no disclosure date is known',
        )
      }),
      { seed: 601 },
    )
  })

  it('shows the cleared all of it, marked as embargoed', () => {
    const advisory = advisoryWith('x', { state: 'P', dates: { A: LATER } })
    const view = viewOf(advisory, { cleared: true, now: NOW })
    expect(view).toEqual({ kind: 'whole', advisory, embargoed: true })
  })

  it('shows everybody what is public', () => {
    const advisory = advisoryWith('x', { state: 'A', dates: { A: EARLIER } })
    const view = viewOf(advisory, { cleared: false, now: NOW })
    expect(view).toEqual({ kind: 'whole', advisory, embargoed: false })
  })
})

describe('isEmbargoed()', () => {
  it.each<[Embargo, boolean]>([
    [{ state: 'R', dates: {} }, true],
    [{ state: 'T', dates: {} }, true],
    [{ state: 'P', dates: { A: LATER } }, true],
    // The plan has passed, and nobody has recorded the announcement.
    [{ state: 'P', dates: { A: EARLIER } }, true],
    [{ state: 'A', dates: { A: EARLIER } }, false],
    [{ state: 'A', dates: { A: NOW } }, false],
    [{ state: 'A', dates: { A: LATER } }, true],
    [{ state: 'F', dates: { A: LATER } }, true],
    [{ state: 'A', dates: {} }, false],
    [{ state: 'X', dates: { A: 'no date' } }, true],
  ])('of %j is %s', (embargo, expected) => {
    expect(isEmbargoed(embargo, NOW)).toBe(expected)
  })
})

describe('describeClock()', () => {
  const said = (embargo: Embargo, cleared: boolean): string =>
    describeClock(viewOf(advisoryWith('x', embargo), { cleared, now: NOW }), NOW)

  it('counts down to the disclosure', () => {
    expect(said({ state: 'P', dates: { A: LATER } }, false)).toBe(
      'XSA-600: an issue exists; disclosure in 10 d (2026-12-01T12:00:00.000Z)',
    )
  })

  it('says that a planned date passed, and keeps the embargo', () => {
    expect(said({ state: 'P', dates: { A: EARLIER } }, true)).toBe(
      'XSA-600: an issue exists; disclosure was planned for 2026-11-01T12:00:00.000Z, ' +
        '20 d ago, and is not recorded',
    )
  })

  it('counts up from the announcement', () => {
    expect(said({ state: 'F', dates: { A: EARLIER } }, false)).toBe(
      'XSA-600: public for 20 d (since 2026-11-01T12:00:00.000Z)',
    )
  })
})

describe('mayDeploy()', () => {
  const embargo: Embargo = { state: 'P', dates: { A: LATER } }
  const permission = (permitted: 'yes' | 'no' | 'unknown', sentence?: string): string =>
    mayDeploy({ ...advisoryWith('x', embargo), permission: { permitted, sentence } }, NOW).kind

  it('takes the permission with its sentence, and no permission without', () => {
    expect(permission('yes', 'Deployment is permitted.')).toBe('permitted')
    expect(permission('yes')).toBe('refused')
    expect(permission('yes', ' ')).toBe('refused')
  })

  it('refuses where it is denied or not known', () => {
    expect(permission('no', 'Deployment is NOT permitted.')).toBe('refused')
    expect(permission('unknown', 'It depends.')).toBe('refused')
  })

  it('asks for none once the advisory is public', () => {
    const open: Embargo = { state: 'A', dates: { A: EARLIER } }
    expect(mayDeploy(advisoryWith('x', open), NOW)).toEqual({ kind: 'public' })
  })
})
