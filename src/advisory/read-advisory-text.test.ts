import { describe, expect, it } from 'vitest'
import { readAdvisoryText } from './read-advisory-text.ts'
import type { AdvisoryStatement } from './statement.ts'

const PERMITTED = `Deployment of the patches described above is permitted during the
embargo, even on public-facing systems.

But: Distribution of updated software is prohibited (except to other
members of the list).

Predisclosure list members who wish to deploy different patches,
please contact the team.

(Note: this notice is retained afterwards.)`

interface Parts {
  readonly header?: string
  readonly banner?: string
  readonly updates?: string
  readonly impact?: string
  readonly deployment?: string
}

/** A made-up advisory in the form that the Xen project's have. */
function text(parts: Parts = {}): string {
  const { header = 'Xen Security Advisory CVE-2026-1001 / XSA-600', banner = '' } = parts
  const { updates, impact = 'A guest can crash the host.', deployment = PERMITTED } = parts
  const section = (heading: string, body: string): string =>
    `${heading}\n${'='.repeat(heading.length)}\n\n${body}\n`
  return [
    '-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n',
    `            ${header}\n                  version 2\n${banner}`,
    '  a made-up hole in the widget\n    emulation\n',
    ...(updates === undefined ? [] : [section('UPDATES IN VERSION 2', updates)]),
    section('ISSUE DESCRIPTION', 'Widgets are not counted.'),
    section('IMPACT', impact),
    section('VULNERABLE SYSTEMS', 'Only x86 systems are vulnerable.'),
    section(
      'RESOLUTION',
      'xsa600.patch   xen-unstable\n\n$ sha256sum xsa600*\nabc  xsa600.patch\n$',
    ),
    section('DEPLOYMENT DURING EMBARGO', deployment),
    '-----BEGIN PGP SIGNATURE-----\n\niQFA\n-----END PGP SIGNATURE-----\n',
  ].join('\n')
}

function read(content: string): AdvisoryStatement {
  const statement = readAdvisoryText(content, 'xsa600.txt')
  if (statement === undefined) throw new Error('The text was not read')
  return statement
}

describe('readAdvisoryText()', () => {
  it('gives number, version, CVEs, title and sections', () => {
    const statement = read(text())
    expect(statement).toMatchObject({
      xsa: 600,
      revision: '0002',
      cves: ['CVE-2026-1001'],
      title: 'a made-up hole in the widget emulation',
    })
    expect(statement.sections.map(({ heading }) => heading)).toEqual([
      'ISSUE DESCRIPTION',
      'IMPACT',
      'VULNERABLE SYSTEMS',
      'RESOLUTION',
      'DEPLOYMENT DURING EMBARGO',
    ])
    expect(statement.sections[2]?.text).toBe('Only x86 systems are vulnerable.')
    expect(statement.sections.at(-1)?.text).not.toContain('iQFA')
  })

  it.each([
    ['no CVE', 'Xen Security Advisory XSA-600', []],
    [
      'several',
      'Xen Security Advisory CVE-2026-1,CVE-2026-1001,CVE-2026-1002 / XSA-600',
      ['CVE-2026-1001', 'CVE-2026-1002'],
    ],
    [
      'several on lines',
      'Xen Security Advisory CVE-2026-1001,\n   CVE-2026-1002 / XSA-600',
      ['CVE-2026-1001', 'CVE-2026-1002'],
    ],
    ['one behind it', 'Xen Security Advisory XSA-600 / CVE-2026-1001', ['CVE-2026-1001']],
  ])('reads a header with %s', (_, header, cves) => {
    const statement = read(text({ header }))
    expect(statement.xsa).toBe(600)
    expect(statement.cves).toEqual(cves)
  })

  it('reads a text that is quoted in a mail, the same', () => {
    const { sections, ...rest } = read(text())
    const quoted = read(text().replaceAll(/^/gm, '> ').replaceAll('\n', '\r\n'))
    expect(quoted).toMatchObject(rest)
    expect(quoted.sections.map(({ heading }) => heading)).toEqual(
      sections.map(({ heading }) => heading),
    )
  })

  it('finds no advisory in other text', () => {
    expect(readAdvisoryText('Subject: Xen Security Advisory 600 v2\n\nSee there.', 'x')).toBe(
      undefined,
    )
  })
})

describe('a text made to keep the reader busy', () => {
  const LONG = 300_000

  it.each([
    ['spaces behind the banner', `*** EMBARGOED UNTIL ${' '.repeat(LONG)}`],
    ['empty lines', '\n'.repeat(LONG)],
    ['lines that begin as a header', 'Xen Security Advisory\n'.repeat(LONG / 20)],
    ['a heading without end', `A${' b'.repeat(LONG)}`],
    ['signs of equality', `A\n${'='.repeat(LONG)} x`],
    ['a mail header without end', `To: ${' a\n'.repeat(LONG)}`],
  ])('with %s is read all the same', (_, filler) => {
    const updates = `UPDATES IN VERSION 2\n===\n${filler}\n`
    const deployment = `DEPLOYMENT DURING EMBARGO\n===\n${filler}\n`
    const header = 'Xen Security Advisory XSA-600\n'
    for (const content of [
      header + filler,
      `${filler}\n${header}`,
      header + updates + deployment,
    ]) {
      expect(readAdvisoryText(content, 'x')?.xsa).toBe(600)
    }
  })
})

describe('the embargo in a text', () => {
  it('is read from its banner, with the date', () => {
    const banner = '\n       *** EMBARGOED UNTIL 2026-12-01 12:00 UTC ***\n'
    const statement = read(text({ banner }))
    expect(statement.embargo).toEqual({ state: 'P', dates: { A: '2026-12-01T12:00:00.000Z' } })
    expect(statement.title).toBe('a made-up hole in the widget emulation')
  })

  it.each(['*** EMBARGOED UNTIL further notice ***', 'EMBARGOED\n2026-12-01 12:00'])(
    'holds without a date where the banner has none, or another form: %j',
    (banner) => {
      const statement = read(text({ banner: `\n ${banner}\n`, updates: 'Public release.' }))
      expect(statement.embargo).toEqual({ state: 'P', dates: {} })
    },
  )

  it.each(['Public release.', 'CVE assigned.\n\nPublic release.'])('is over with %j', (updates) => {
    expect(read(text({ updates })).embargo?.state).toBe('A')
  })

  it('is over in a mail to a public list', () => {
    const mail = `To: a@example.org,\n oss-security@lists.example.org\nSubject: x\n\n${text()}`
    expect(read(mail).embargo?.state).toBe('A')
  })

  it('is not known where the text says neither', () => {
    expect(read(text({ updates: 'CVE assigned.' })).embargo).toBeUndefined()
  })
})

describe('the permission in a text', () => {
  it('is yes where patches are permitted, with all that restricts it', () => {
    expect(read(text()).permission).toEqual({
      permitted: 'yes',
      sentence:
        'Deployment of the patches described above is permitted during the embargo, even on ' +
        'public-facing systems. But: Distribution of updated software is prohibited (except to ' +
        'other members of the list).',
    })
  })

  it('is no where they are not permitted', () => {
    const deployment = 'Deployment of the patches is NOT permitted before the embargo ends.'
    expect(read(text({ deployment })).permission?.permitted).toBe('no')
  })

  it.each([
    'Deployment of patch A is permitted.  Deployment of patch B is NOT permitted.',
    'Please contact the security team.',
  ])('is unknown, and quoted, where the text is not plain: %s', (deployment) => {
    expect(read(text({ deployment })).permission).toEqual({
      permitted: 'unknown',
      sentence: deployment.replaceAll(/\s+/g, ' '),
    })
  })
})

describe('the impacts in a text', () => {
  const kinds = (impact: string): readonly string[] =>
    read(text({ impact })).impacts.map(({ kind }) => kind)

  it('are those that it names, each with its sentence', () => {
    expect(read(text()).impacts).toEqual([
      { kind: 'denial-of-service', by: undefined, source: 'A guest can crash the host.' },
    ])
    expect(
      kinds(
        'Privilege escalation, Denial of Service (DoS), and information leaks cannot be ruled out.',
      ),
    ).toEqual(['privilege-escalation', 'denial-of-service', 'information-leak'])
  })

  it('are not those that it denies', () => {
    expect(kinds('Privilege escalation is not possible. A guest may crash the host.')).toEqual([
      'denial-of-service',
    ])
  })
})
