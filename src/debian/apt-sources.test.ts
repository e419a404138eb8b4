import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AptSource, formatStanzas, keepBookworm } from './apt-sources.ts'
import { parseOneLineSources, parseStanzas } from './apt-sources.ts'

const DEBIAN = `\
Types: deb deb-src
# a comment inside the stanza
URIs: http://mirror.test/debian
Suites: bookworm bookworm-updates trixie
Components: main contrib
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb
URIs: http://other.test/node
Suites: nodistro
Components: main
Enabled: no
`

describe('parseStanzas()', () => {
  it('reads every stanza, and passes comments over', () => {
    const [debian, other, ...rest] = parseStanzas(DEBIAN)
    expect(rest).toEqual([])
    expect(debian?.suites).toEqual(['bookworm', 'bookworm-updates', 'trixie'])
    expect(debian?.components).toEqual(['main', 'contrib'])
    expect(debian?.enabled).toBe(true)
    expect(other?.enabled).toBe(false)
  })

  it('keeps a key that is written into a stanza, line by line', () => {
    const key = parseStanzas(DEBIAN)[0]?.options.get('Signed-By')
    expect(key?.split('\n')).toHaveLength(5)
    expect(key).toContain('\n .\n')
  })

  it('reads field names in any case', () => {
    const [source] = parseStanzas('types: deb\nuris: http://m.test\nsuites: x\ncomponents: main\n')
    expect(source?.uris).toEqual(['http://m.test'])
  })

  it('leaves out stanzas that name no place', () => {
    expect(parseStanzas('Types: deb\nSuites: bookworm\n')).toEqual([])
  })
})

describe('parseOneLineSources()', () => {
  it('reads options, several components and a comment behind them', () => {
    const line =
      'deb [arch=amd64,arm64 signed-by=/usr/share/k.gpg] http://m.test/debian bookworm main contrib # x'
    const [source] = parseOneLineSources(line)
    expect(source?.components).toEqual(['main', 'contrib'])
    expect(source?.options).toEqual(
      new Map([
        ['Architectures', 'amd64 arm64'],
        ['Signed-By', '/usr/share/k.gpg'],
      ]),
    )
  })

  it('leaves out comments and lines that are no source', () => {
    expect(parseOneLineSources('# deb http://m.test bookworm main\nnonsense\n\n')).toEqual([])
  })
})

describe('keepBookworm()', () => {
  it('keeps the suites of Debian 12 and the component main, and drops source packages', () => {
    const [kept, ...rest] = keepBookworm(parseStanzas(DEBIAN))
    expect(rest).toEqual([])
    expect(kept).toMatchObject({
      types: ['deb'],
      suites: ['bookworm', 'bookworm-updates'],
      components: ['main'],
    })
  })

  it('drops sources of source packages, disabled ones and those without main', () => {
    const lines = [
      'deb-src http://m.test/debian bookworm main',
      'deb http://m.test/docker bookworm stable',
      'deb http://m.test/debian trixie main',
    ]
    expect(keepBookworm(parseOneLineSources(lines.join('\n')))).toEqual([])
    const disabled =
      'Types: deb\nURIs: http://m.test\nSuites: bookworm\nComponents: main\nEnabled: no\n'
    expect(keepBookworm(parseStanzas(disabled))).toEqual([])
  })
})

describe('formatStanzas()', () => {
  it('writes what parseStanzas() reads', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9.:/-]{0,12}$/)
    const words = fc.array(word, { minLength: 1, maxLength: 3 })
    const source: fc.Arbitrary<AptSource> = fc.record({
      types: words,
      uris: words,
      suites: words,
      components: words,
      enabled: fc.constant(true),
      options: word.map((value) => new Map([['Signed-By', value]])),
    })
    fc.assert(
      fc.property(fc.array(source), (sources) => {
        expect(parseStanzas(formatStanzas(sources))).toEqual(sources)
      }),
      { seed: 20250521, numRuns: 200 },
    )
  })

  it('is never reached by an exception of the parsers, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const sources = [...parseStanzas(text), ...parseOneLineSources(text)]
        expect(keepBookworm(sources).every((source) => source.suites.length > 0)).toBe(true)
      }),
      { seed: 7, numRuns: 500 },
    )
  })
})
