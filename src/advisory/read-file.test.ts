import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type FileRead, readAdvisoryFile } from './read-file.ts'
import type { AdvisoryStatement } from './statement.ts'

const NOW = '2026-11-21T12:00:00.000Z'

function read(content: unknown, name = 'file.json'): FileRead {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  return readAdvisoryFile(text, { name, now: NOW })
}

function only({ statements, problems }: FileRead): AdvisoryStatement {
  expect(problems).toEqual([])
  expect(statements).toHaveLength(1)
  return statements[0] as AdvisoryStatement
}

function problemNames({ problems }: FileRead): readonly string[] {
  return problems.map(({ name }) => name)
}

describe('xsa.json', () => {
  const entry = {
    xsa: 122,
    title: 'A leak',
    cve: ['CVE-2015-2045'],
    public_time: '2015-03-05 12:00',
  }

  it('gives number, title, CVEs and date, and keeps fields that nobody knows', () => {
    const statement = only(read([{ xsas: [{ ...entry, reviewed: { by: 'x' } }] }]))
    expect(statement).toMatchObject({
      xsa: 122,
      title: 'A leak',
      cves: ['CVE-2015-2045'],
      publicAt: '2015-03-05T12:00:00.000Z',
      embargo: { state: 'A', dates: { A: '2015-03-05T12:00:00.000Z' } },
      extra: { reviewed: { by: 'x' } },
    })
  })

  it.each([122, '122', 'XSA-122', 'xsa122'])('takes the number written as %j', (xsa) => {
    expect(only(read([{ xsas: [{ ...entry, xsa }] }])).xsa).toBe(122)
  })

  it('takes one CVE that is no list, and a title with the name before it', () => {
    const statement = only(
      read({ xsas: [{ ...entry, cve: 'CVE-2015-2045', title: 'XSA-122: A leak' }] }),
    )
    expect(statement.cves).toEqual(['CVE-2015-2045'])
    expect(statement.title).toBe('A leak')
  })

  it.each([
    ['a date to come', { ...entry, public_time: '2026-12-01 12:00' }],
    ['no title', { xsa: 600, public_time: '2015-03-05 12:00' }],
    ['a title that stands in', { ...entry, title: '(Prereleased, but embargoed)' }],
    ['no date', { xsa: 600, title: 'A leak' }],
  ])('calls an entry with %s embargoed', (_, embargoed) => {
    expect(only(read([{ xsas: [embargoed] }])).embargo?.state).toBe('P')
  })

  it('loses a bad entry alone, and names its place', () => {
    const result = read([{ xsas: [{ title: 'no number' }, entry, 7, { ...entry, xsa: 'none' }] }])
    expect(result.statements.map(({ xsa }) => xsa)).toEqual([122])
    expect(result.problems.filter(({ lost }) => lost === 'entry').map(({ at }) => at)).toEqual([
      '[0].xsas[0]',
      '[0].xsas[2]',
      '[0].xsas[3]',
    ])
  })

  it('keeps a date before 2000 as it came, and uses it for nothing', () => {
    const result = read([{ xsas: [{ ...entry, public_time: '1970-01-01 00:00' }] }])
    expect(problemNames(result)).toEqual(['date-before-2000'])
    expect(result.statements[0]).toMatchObject({
      publicAt: undefined,
      extra: { public_time: '1970-01-01 00:00' },
    })
  })

  it('keeps both of two entries of one number', () => {
    const result = read([{ xsas: [entry, { ...entry, title: 'Something else' }] }])
    expect(result.statements.map(({ title }) => title)).toEqual(['A leak', 'Something else'])
  })
})

describe('xsaN.meta', () => {
  const meta = (xsa: number, branches: Record<string, object>): object => ({
    XSA: xsa,
    SupportedVersions: Object.keys(branches),
    Trees: ['xen'],
    Recipes: Object.fromEntries(
      Object.entries(branches).map(([branch, tree]) => [branch, { Recipes: { xen: tree } }]),
    ),
  })
  const tree = (prereqs: unknown, patches: readonly string[]): object => ({
    StableRef: 'e907460fd61c350487ffee5d8aa375bef56bc81c',
    Prereqs: prereqs,
    Patches: patches,
  })
  const recipeOf = (content: object): AdvisoryStatement['recipe'] =>
    only(read(content, 'x.meta')).recipe

  it.each([
    ['null', null, []],
    ['none', [], []],
    ['other advisories', [226, 227, 228], [226, 227, 228]],
    ['other advisories by name', ['226', 'XSA-227'], [226, 227]],
    ['itself', [360], []],
    ['itself and others', [358, 360], [358]],
  ])('reads prerequisites that are %s', (_, given, expected) => {
    const recipe = recipeOf(meta(360, { '4.12': tree(given, ['xsa360.patch']) }))
    expect(recipe?.branches[0]?.trees[0]?.prerequisites).toEqual(expected)
  })

  it('reads globs, patches of another branch, and nothing to apply', () => {
    const recipe = recipeOf(
      meta(370, {
        master: tree(null, ['xsa370/*.patch']),
        '4.10': tree([], ['xsa306-4.11.patch']),
        '4.11': tree([], []),
      }),
    )
    const patches = recipe?.branches.map(({ branch, trees }) => [branch, trees[0]?.patches])
    expect(Object.fromEntries(patches ?? [])).toEqual({
      master: ['xsa370/*.patch'],
      '4.10': ['xsa306-4.11.patch'],
      '4.11': [],
    })
  })

  it('reads a recipe for master only, and the XenVersion of 2017', () => {
    const content = {
      XSA: 230,
      SupportedVersions: ['master'],
      Trees: ['xen'],
      Recipes: {
        master: { XenVersion: '4.9.0', Recipes: { xen: tree([226, 227], ['xsa230.patch']) } },
      },
    }
    expect(recipeOf(content)).toEqual({
      supportedVersions: ['master'],
      trees: ['xen'],
      branches: [
        {
          branch: 'master',
          xenVersion: '4.9.0',
          trees: [
            {
              tree: 'xen',
              stableRef: 'e907460fd61c350487ffee5d8aa375bef56bc81c',
              prerequisites: [226, 227],
              patches: ['xsa230.patch'],
            },
          ],
        },
      ],
    })
  })

  it('says nothing of the embargo, and keeps unknown fields at every depth', () => {
    const content = meta(306, { '4.10': { ...tree([], ['a.patch']), Tested: true } })
    const statement = only(read({ ...content, Format: 2 }, 'xsa306.meta'))
    expect(statement.embargo).toBeUndefined()
    expect(statement.extra).toEqual({
      Format: 2,
      Recipes: { '4.10': { Recipes: { xen: { Tested: true } } } },
    })
  })

  it.each(['/etc/passwd', '../../secrets.patch', 'xsa1/../../x'])(
    'leaves out the patch %s, outside the folder of the recipe',
    (patch) => {
      const result = read(meta(306, { '4.10': tree([], [patch, 'good.patch']) }))
      expect(problemNames(result)).toEqual(['bad-field'])
      const [branch] = result.statements[0]?.recipe?.branches ?? []
      expect(branch?.trees[0]?.patches).toEqual(['good.patch'])
    },
  )
})

describe('a CVE record', () => {
  const record = {
    dataType: 'CVE_RECORD',
    dataVersion: '5.1',
    cveMetadata: {
      cveId: 'CVE-2023-34322',
      state: 'PUBLISHED',
      dateUpdated: '2024-08-02T16:10:06.455Z',
    },
    containers: {
      cna: {
        title: 'A reference dropped too early',
        datePublic: '2023-09-19T12:00:00Z',
        descriptions: [
          { lang: 'en', value: 'See XSA-273 for more.' },
          { lang: 'de', value: 'Siehe dort.' },
        ],
        impacts: [
          { descriptions: [{ lang: 'en', value: 'Privilege escalation cannot be ruled out.' }] },
        ],
        configurations: [{ lang: 'en', value: 'Only x86 systems.' }],
        affected: [{ versions: [{ status: 'unknown', version: 'consult Xen advisory XSA-438' }] }],
        references: [{ url: 'https://xenbits.xenproject.org/xsa/advisory-438.html' }],
      },
    },
  }

  it('belongs to the advisory that its versions send to, not to one that its text mentions', () => {
    expect(only(read(record))).toMatchObject({
      xsa: 438,
      source: { kind: 'cve-5', reference: 'CVE-2023-34322' },
      revision: '2024-08-02T16:10:06.455Z',
      cves: ['CVE-2023-34322'],
      publicAt: '2023-09-19T12:00:00.000Z',
      embargo: { state: 'A' },
    })
  })

  it('gives the parts of the text in English, and the impacts that they name', () => {
    const { sections, impacts } = only(read(record))
    expect(sections).toEqual([
      { heading: 'ISSUE DESCRIPTION', text: 'See XSA-273 for more.' },
      { heading: 'VULNERABLE SYSTEMS', text: 'Only x86 systems.' },
      { heading: 'IMPACT', text: 'Privilege escalation cannot be ruled out.' },
    ])
    expect(impacts.map(({ kind }) => kind)).toEqual(['privilege-escalation'])
  })

  it('is embargoed while it is only reserved', () => {
    const reserved = { ...record, cveMetadata: { ...record.cveMetadata, state: 'RESERVED' } }
    expect(only(read(reserved)).embargo?.state).toBe('P')
  })

  it('of something else than Xen is one problem', () => {
    const other = { ...record, containers: { cna: { title: 'Another program' } } }
    expect(read(other)).toEqual({
      statements: [],
      problems: [
        {
          name: 'no-number',
          file: 'file.json',
          at: '',
          lost: 'file',
          sentence: 'The file names no advisory of Xen',
        },
      ],
    })
  })
})

describe('a CSAF document', () => {
  const csaf = (vulnerabilities: readonly object[], label?: string): object => ({
    document: {
      csaf_version: '2.0',
      category: 'csaf_security_advisory',
      title: 'Updates for Xen',
      ...(label === undefined ? {} : { distribution: { tlp: { label } } }),
      tracking: {
        id: 'EX-2026-1',
        status: 'final',
        version: '2',
        initial_release_date: '2026-07-28T12:00:00Z',
        current_release_date: '2026-07-29T12:00:00Z',
      },
    },
    vulnerabilities,
  })
  const vulnerability = {
    cve: 'CVE-2026-62433',
    ids: [{ system_name: 'Xen', text: 'XSA-506' }],
    threats: [{ category: 'impact', details: 'Denial of service.' }],
  }

  it('gives a statement for each vulnerability that names an advisory', () => {
    const second = {
      cve: 'CVE-2026-1',
      references: [{ url: 'https://example.org/advisory-507.html' }],
    }
    const { statements, problems } = read(csaf([vulnerability, second, { cve: 'CVE-2026-2' }]))
    expect(problems).toEqual([])
    expect(statements.map(({ xsa }) => xsa)).toEqual([506, 507])
    expect(statements[0]).toMatchObject({
      source: { kind: 'csaf-2.0', reference: 'EX-2026-1' },
      revision: '2026-07-29T12:00:00.000Z',
      cves: ['CVE-2026-62433'],
      embargo: { state: 'A', dates: { A: '2026-07-28T12:00:00.000Z' } },
    })
    expect(statements[0]?.impacts.map(({ kind }) => kind)).toEqual(['denial-of-service'])
  })

  it.each(['AMBER', 'RED', 'GREEN'])('marked %s is embargoed', (label) => {
    expect(only(read(csaf([vulnerability], label))).embargo?.state).toBe('P')
  })

  it.each(['WHITE', 'CLEAR'])('marked %s is public', (label) => {
    expect(only(read(csaf([vulnerability], label))).embargo?.state).toBe('A')
  })
})

describe("Reweave's own form", () => {
  it('keeps a condition that it does not understand, and uses none', () => {
    const result = read({ formatVersion: 1, xsa: 9, condition: { fact: 'moon', test: 'full' } })
    expect(problemNames(result)).toEqual(['bad-condition'])
    expect(result.statements[0]).toMatchObject({
      condition: undefined,
      extra: { condition: { fact: 'moon', test: 'full' } },
    })
  })

  it('reads back every statement that another format gave', () => {
    const sources: readonly string[] = [
      JSON.stringify([
        { xsas: [{ xsa: 1, title: 'T', cve: [], public_time: '2011-03-14', new: 1 }] },
      ]),
      JSON.stringify({
        XSA: 2,
        Recipes: { master: { Recipes: { xen: { Patches: ['a'], odd: 1 } } } },
      }),
      'Xen Security Advisory CVE-2015-2045 / XSA-122\n\n A title\n\nIMPACT\n======\n\nA leak.\n',
    ]
    for (const [statement] of sources.map((text) => read(text).statements)) {
      const again = read(statement)
      expect(again.problems).toEqual([])
      expect(JSON.stringify(again.statements)).toBe(JSON.stringify([statement]))
    }
  })
})

describe('a bad file', () => {
  it.each<[string, string]>([
    ['unknown-format', 'Some text.'],
    ['unknown-format', ''],
    ['unknown-format', '{"hello": 1}'],
    ['unknown-format', '[1, 2]'],
    ['not-json', '{"XSA": 306, "Recipes"'],
    ['no-number', '{"XSA": null, "Recipes": {}}'],
    ['too-deep', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['too-deep', `{"xsas": ${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}}`],
  ])('is one problem, %s: %.20j', (name, text) => {
    const result = read(text)
    expect(result.statements).toEqual([])
    expect(result.problems).toMatchObject([{ name, file: 'file.json', lost: 'file' }])
  })

  it('over the limit is refused before it is parsed', () => {
    const limits = { longestText: 10, deepest: 64 }
    const result = readAdvisoryFile('{"xsas": [1, 2]}', { name: 'x', now: NOW, limits })
    expect(problemNames(result)).toEqual(['too-large'])
  })

  it('of 50 MB is read, and gives what is good of it', () => {
    const filler = { xsa: 'none', note: 'x'.repeat(100_000) }
    const entries = Array.from({ length: 500 }, () => filler)
    const result = read([{ xsas: [...entries, { xsa: 1, title: 'T', public_time: '2011-03-14' }] }])
    expect(result.statements.map(({ xsa }) => xsa)).toEqual([1])
    expect(result.problems.filter(({ lost }) => lost === 'entry')).toHaveLength(500)
  })

  it('counts no brackets in strings as depth', () => {
    const title = `${'['.repeat(100)}\\"${'{'.repeat(100)}`
    expect(only(read([{ xsas: [{ xsa: 1, title, public_time: '2011-03-14' }] }])).title).toBe(title)
  })
})

describe('readAdvisoryFile()', () => {
  it('never throws, and quotes nothing of the file in a problem', () => {
    const secret = 'planted-secret'
    const anyValue = fc.oneof(
      fc.jsonValue({ maxDepth: 4 }),
      fc.constantFrom(secret, [secret], { [secret]: secret }, { [secret]: { [secret]: secret } }),
    )
    const anyFile = fc.oneof(
      fc.record({ XSA: anyValue, Recipes: anyValue, SupportedVersions: anyValue, Trees: anyValue }),
      fc.record({
        xsas: fc.oneof(
          anyValue,
          fc.array(
            fc.record({
              xsa: fc.constantFrom(1, secret),
              title: anyValue,
              cve: anyValue,
              public_time: anyValue,
            }),
          ),
        ),
      }),
      fc.record({ cveMetadata: anyValue, containers: fc.record({ cna: anyValue }) }),
      fc.record({
        document: fc.record({ csaf_version: anyValue, tracking: anyValue }),
        vulnerabilities: anyValue,
      }),
      fc.record({
        formatVersion: fc.constant(1),
        xsa: fc.constantFrom(1, secret),
        title: anyValue,
        cves: anyValue,
        embargo: anyValue,
        fixedIn: anyValue,
        impacts: anyValue,
      }),
      anyValue,
    )
    fc.assert(
      fc.property(anyFile, (content) => {
        const { problems } = read(content)
        expect(JSON.stringify(problems)).not.toContain(secret)
      }),
      { seed: 620, numRuns: 500 },
    )
  })

  it('never throws on text', () => {
    const header = fc.constant('Xen Security Advisory CVE-2026-1 / XSA-1\n')
    const anyText = fc.tuple(
      fc.option(header),
      fc.string(),
      fc.constantFrom('', '\nA\n===\n'),
      fc.string(),
    )
    fc.assert(
      fc.property(anyText, (parts) => {
        const { statements, problems } = read(parts.map((part) => part ?? '').join(''), 'x.txt')
        expect(statements.length + problems.length).toBeGreaterThan(0)
      }),
      { seed: 621 },
    )
  })
})
