import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hexBytes } from '../address/testing/hex-bytes.ts'
import { FIX_LIMITS } from './fix-limits.ts'
import { describeFixProblem, type FixProblem } from './fix-problem.ts'
import { parseFix } from './parse-fix.ts'

const VALID = `# A comment in front.
reweave-fix: 1
name: xsa-506
advisory: XSA-506
cve: [CVE-2026-62433]
title: dm_op reads stack rubble
base:
  build-id: 39a640e6f1412319235087391df9f1c5e13ae920
  version: 4.17.5+72-g01140da4e8-1
on-top-of: xsa-505
probe: dm-op-without-buffers
changes:
  - edit: guest_rdmsr+0x2a
    why: >-
      The range ends
      with the page.
    expect: 81 ff ff 0b 00 00             # cmp
    put: 81 ff ff 08 00 00
  - detour: dm.c#do_dm_op+0x3
    why: No buffers, no data.
    expect: 0f 87 c7 00 00 00
    code: |
      0f 87 {pc32 do_dm_op+0xd0}  # ja
      85 f6
      e9 {pc32 do_dm_op+0x9}
...
`

function problemsOf(text: string): readonly FixProblem[] {
  const parsed = parseFix(text)
  return parsed.kind === 'refused' ? parsed.problems : []
}

/** How many changes or problems there are. */
function contentOf(text: string): number {
  const parsed = parseFix(text)
  return parsed.kind === 'parsed' ? parsed.fix.changes.length : parsed.problems.length
}

/** The valid file with one piece replaced, which must be there. */
function withChange(piece: string, other: string): string {
  expect(VALID).toContain(piece)
  return VALID.replace(piece, other)
}

describe('parseFix()', () => {
  it('reads the mark of a fix that opens a hole, and no other word in its place', () => {
    const marked = parseFix(withChange('probe:', 'lab-only: true\nprobe:'))
    expect(marked.kind === 'parsed' && marked.fix.labOnly).toBe(true)
    const [problem] = problemsOf(withChange('probe:', 'lab-only: no\nprobe:'))
    expect(problem?.sentence).toBe('This is no mark of a lab fix')
  })

  it('reads a fix with an edit and a detour', () => {
    expect(parseFix(VALID)).toEqual({
      kind: 'parsed',
      fix: {
        formatVersion: 1,
        name: 'xsa-506',
        advisory: 'XSA-506',
        cves: ['CVE-2026-62433'],
        title: 'dm_op reads stack rubble',
        base: {
          buildId: '39a640e6f1412319235087391df9f1c5e13ae920',
          version: '4.17.5+72-g01140da4e8-1',
        },
        onTopOf: 'xsa-505',
        labOnly: false,
        probe: 'dm-op-without-buffers',
        changes: [
          {
            kind: 'edit',
            at: { symbol: 'guest_rdmsr', offset: 0x2a },
            why: 'The range ends with the page.',
            expect: hexBytes('81 ff ff 0b 00 00'),
            put: hexBytes('81 ff ff 08 00 00'),
          },
          {
            kind: 'detour',
            at: { symbol: 'dm.c#do_dm_op', offset: 3 },
            why: 'No buffers, no data.',
            expect: hexBytes('0f 87 c7 00 00 00'),
            code: {
              bytes: hexBytes('0f 87 00 00 00 00  85 f6  e9 00 00 00 00'),
              relocations: [
                { at: 2, kind: 'pc32', target: { symbol: 'do_dm_op', offset: 0xd0 } },
                { at: 9, kind: 'pc32', target: { symbol: 'do_dm_op', offset: 9 } },
              ],
            },
          },
        ],
      },
    })
  })

  it('reads it with the line ends of other systems too', () => {
    expect(parseFix(VALID.replaceAll('\n', '\r\n'))).toEqual(parseFix(VALID))
  })

  it('takes a build-id of digits for a build-id', () => {
    const digits = '1234567890123456789012345678901234567890'
    const parsed = parseFix(VALID.replace(/39a6\w+/, digits))
    expect(parsed).toMatchObject({ kind: 'parsed', fix: { base: { buildId: digits } } })
  })

  it.each<[string, string, string, string, number]>([
    ['another version of the format', 'reweave-fix: 1', 'reweave-fix: 2', 'reweave-fix', 2],
    ['a name in capitals', 'name: xsa-506', 'name: XSA', 'name', 3],
    ['another kind of advisory', 'advisory: XSA-506', 'advisory: 506', 'advisory', 4],
    ['a malformed CVE', 'CVE-2026-62433', 'CVE-26-1', 'cve[0]', 5],
    ['text where a list belongs', '[CVE-2026-62433]', 'CVE-2026-62433', 'cve', 5],
    ['a control character', 'dm_op reads stack rubble', '"\\e[31m"', 'title', 6],
    ['a build-id that is none', '39a640e6', 'xyz', 'base.build-id', 8],
    ['a fix on top of itself', 'on-top-of: xsa-505', 'on-top-of: xsa-506', 'on-top-of', 10],
    ['a place that is none', 'guest_rdmsr+0x2a', 'guest_rdmsr+42', 'changes[0].edit', 13],
    ['a byte that is none', '81 ff ff 0b 00 00 ', '81 ff fg 0b 00 00 ', 'changes[0].expect', 17],
    ['an edit of other length', 'put: 81 ff ff 08 00 00', 'put: 81', 'changes[0].put', 18],
    ['an edit to nothing new', 'put: 81 ff ff 08', 'put: 81 ff ff 0b', 'changes[0].put', 18],
    ['a hole in old bytes', '0f 87 c7 00 00 00', 'e9 {pc32 a}', 'changes[1].expect', 21],
    ['a bad byte amid code', '85 f6', '85 f', 'changes[1].code', 24],
    ['a field that is unknown', 'probe:', 'prove:', '', 11],
    ['a field twice', 'probe:', 'title:', '', 11],
    ['an anchor', 'name: xsa-506', 'name: &n xsa-506', 'name', 3],
    ['both kinds of change', 'put: 81', 'detour: a\n    put: 81', 'changes[0]', 13],
    ['neither kind of change', '- edit: guest_rdmsr+0x2a\n    why', '- why', 'changes[0]', 13],
  ])('refuses %s, and says where', (_, piece, other, field, line) => {
    const problems = problemsOf(withChange(piece, other))
    expect(problems.map((problem) => [problem.field, problem.line])).toContainEqual([field, line])
  })

  it('gives the column of a bad byte in a line and in a block', () => {
    const inLine = problemsOf(withChange('81 ff ff 0b', '81 ff zz 0b'))
    const inBlock = problemsOf(withChange('85 f6', '85 zz'))
    expect(inLine).toMatchObject([{ line: 17, column: 19, found: `'zz'` }])
    expect(inBlock).toMatchObject([{ line: 24, column: 10, found: `'zz'` }])
  })

  it('names each field that is missing', () => {
    const fields = problemsOf('cve: []\n...\n').map((problem) => problem.field)
    expect(fields.toSorted()).toEqual([
      'advisory',
      'base',
      'changes',
      'name',
      'reweave-fix',
      'title',
    ])
  })

  it('lists all problems in the order of the file', () => {
    const text = withChange('name: xsa-506', 'name: XSA').replace('85 f6', '85 f6f')
    const problems = problemsOf(text.replace('advisory: XSA-506', 'advisory: none'))
    expect(problems.map((problem) => problem.line)).toEqual([3, 4, 24])
  })

  it.each(['!!binary a', '!x a', '*name', '[a', '"a', '{a: b'])('refuses the YAML %s', (value) => {
    expect(problemsOf(withChange('dm_op reads stack rubble', value))).not.toEqual([])
  })

  it('refuses a second document', () => {
    const [problem] = problemsOf(`${VALID}---\n${VALID}`)
    expect(problem?.sentence).toBe('A fix is one YAML document')
  })

  it('refuses a file that is cut short, wherever it is cut', () => {
    const lastDot = VALID.lastIndexOf('...') + '...'.length
    for (let length = 0; length < lastDot; length++) {
      expect(parseFix(VALID.slice(0, length)).kind).toBe('refused')
    }
    expect(parseFix(VALID.slice(0, lastDot)).kind).toBe('parsed')
  })

  it('refuses more than the limits', () => {
    const byte = '90 '
    const tooMuchCode = withChange('85 f6', byte.repeat(FIX_LIMITS.codeBytes))
    expect(problemsOf(tooMuchCode)).toMatchObject([
      { field: 'changes[1].code', found: '1035 bytes', wanted: '1 to 1024 bytes' },
    ])
    const change = VALID.slice(VALID.indexOf('  - detour'), VALID.indexOf('...'))
    const tooManyChanges = withChange(change, change.repeat(FIX_LIMITS.changes))
    expect(problemsOf(tooManyChanges)).toMatchObject([{ field: 'changes', found: '65 items' }])
    const tooLong = `${VALID}${'#'.repeat(FIX_LIMITS.fileLength)}`
    expect(problemsOf(tooLong)).toMatchObject([{ sentence: 'The file is too long for a fix' }])
  })

  it('shows nothing of the file that could steer a terminal', () => {
    const escape = String.fromCodePoint(0x1b)
    const places = ['title: dm_op', 'name: xsa-506', 'probe:', '85 f6', 'CVE-2026', '[CVE']
    for (const place of places) {
      const text = withChange(place, `${place}${escape}[31m`)
      const shown = problemsOf(text).map(describeFixProblem).join('\n')
      expect(shown).not.toContain(escape)
      expect(shown).not.toBe('')
    }
  })
})

describe('parseFix() on anything else', () => {
  const options = { seed: 506, numRuns: 300 }

  it('gives a value for random text', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.string({
        unit: fc.constantFrom(...'-:?[]{},&*!|>\'"%@`# \n\tab0.'.split('')),
        maxLength: 200,
      }),
    )
    fc.assert(
      fc.property(text, (source) => {
        expect(problemsOf(source)).not.toEqual([])
      }),
      options,
    )
  })

  it('gives a value for a fix with a piece taken out, doubled or put elsewhere', () => {
    const place = fc.nat({ max: VALID.length })
    const edit = fc.record({ from: place, to: place, at: place, keep: fc.boolean() })
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        let text = VALID
        for (const { from, to, at, keep } of edits) {
          const piece = text.slice(Math.min(from, to), Math.max(from, to))
          if (!keep) text = text.replace(piece, '')
          text = `${text.slice(0, at)}${piece}${text.slice(at)}`
        }
        expect(contentOf(text)).toBeGreaterThan(0)
      }),
      options,
    )
  })

  it('gives a value for one changed character', () => {
    const place = fc.nat({ max: VALID.length - 1 })
    fc.assert(
      fc.property(place, fc.string({ unit: 'binary', maxLength: 2 }), (at, other) => {
        const text = `${VALID.slice(0, at)}${other}${VALID.slice(at + 1)}`
        expect(contentOf(text)).toBeGreaterThan(0)
      }),
      options,
    )
  })

  // Thousands of levels and of keys: a reader that calls itself for each level, or
  // compares each key with all others, would not come back from these.
  it.each(['[', '{', '- ', '? ', '[a: ', '&a ', '!a ', ': ', '"', '%a\n', '---\n', '- [', '#\n'])(
    'comes back from %j without end',
    (piece) => {
      const text = piece.repeat(Math.floor(FIX_LIMITS.fileLength / 4 / piece.length))
      expect(problemsOf(text)).not.toEqual([])
    },
  )

  it('comes back from many keys', () => {
    const keys = Array.from({ length: 20_000 }, (_, index) => `key-${index}: 1`)
    expect(problemsOf(keys.join('\n'))).toHaveLength(100)
  })
})
