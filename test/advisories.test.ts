import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { exitCode } from '../src/cli/exit-code.ts'

const MAIN = path.resolve(import.meta.dirname, '../src/cli/main.ts')
const XSA_JSON = [
  {
    xsas: [
      {
        xsa: 9001,
        title: 'A made-up hole',
        cve: ['CVE-2015-2045'],
        public_time: '2015-03-05 12:00',
      },
      { xsa: 'none', title: 'An entry without a number' },
      { xsa: 9002, title: 'Of the wrong century', public_time: '1915-03-05 12:00' },
    ],
  },
]

let folder: string

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'reweave-advisories-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function reweave(...args: readonly string[]): Ran {
  const env = { ...process.env, REWEAVE_STORE: path.join(folder, 'store') }
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    env,
    encoding: 'utf8',
  })
  return { code: status, out: stdout, err: stderr }
}

function put(name: string, content: unknown): string {
  const file = path.join(folder, 'feed', name)
  mkdirSync(path.dirname(file), { recursive: true })
  const isRaw = typeof content === 'string' || content instanceof Uint8Array
  writeFileSync(file, isRaw ? content : JSON.stringify(content))
  return file
}

describe('reweave advisory import', () => {
  it('takes in what is good of a folder, and names each file and place that is not', () => {
    put('xsa.json', XSA_JSON)
    put('deep/er/xsa9001.meta', {
      XSA: 9001,
      Recipes: { master: { Recipes: { xen: { Prereqs: null, Patches: ['xsa9001/*.patch'] } } } },
    })
    put('cut.json', '[{"xsas": [')
    put('bytes.txt', new Uint8Array([0xff, 0xfe, 0x00]))
    put('notes.txt', 'Remember the milk.')
    put('picture.png', 'not looked at')
    const { code, out } = reweave('advisory', 'import', path.join(folder, 'feed'))
    expect(code).toBe(exitCode('badAdvisory'))
    expect(out.split('\n').map((line) => line.replace(/; .*/, ''))).toEqual([
      '5 files: 2 advisories with something new, 0 known as they are',
      'XSA-9002: kept behind its embargo (no date is known)',
      'bytes.txt: The file is no text in UTF-8',
      'cut.json: The file begins as JSON and is none',
      'notes.txt: The file is neither JSON nor the text of an advisory',
      'xsa.json, [0].xsas[1].xsa: This must be a number above 0',
      'xsa.json, [0].xsas[1]: An advisory with its number is wanted here',
      'xsa.json, [0].xsas[2].public_time: The date is earlier than any release of Xen',
      '',
    ])
  })

  it('changes nothing the second time', () => {
    const file = put('xsa.json', [{ xsas: XSA_JSON[0]?.xsas.slice(0, 1) }])
    expect(reweave('advisory', 'import', file).code).toBe(0)
    const { code, out } = reweave('advisory', 'import', file, '--json')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      files: 1,
      advisories: [{ kind: 'kept', xsa: 9001, added: 0, alreadyThere: 1, embargoed: false }],
      problems: [],
    })
  })

  it('keeps both of two sources that disagree, and shows them', () => {
    put('a.json', [{ xsas: XSA_JSON[0]?.xsas.slice(0, 1) }])
    put('b.json', [{ xsas: [{ ...XSA_JSON[0]?.xsas[0], title: 'Another hole' }] }])
    const { out } = reweave('advisory', 'import', path.join(folder, 'feed'))
    expect(out).toContain('XSA-9001: its sources disagree on title')
    const shown = reweave('advisory', 'show', '9001').out
    expect(shown).toContain('xsa.json a.json: "A made-up hole"')
    expect(shown).toContain('xsa.json b.json: "Another hole"')
    expect(reweave('advisory', 'list').out).toContain('[sources disagree]')
  })

  it('takes the word of whoever imports for what is public, and until when it is not', () => {
    const file = put('xsa9003.meta', { XSA: 9003, Recipes: {} })
    const planned = reweave('advisory', 'import', file, '--embargoed-until', '2099-12-01 12:00')
    expect(planned.out).toContain('kept behind its embargo (until 2099-12-01T12:00:00.000Z)')
    const other = put('xsa9004.meta', { XSA: 9004, Recipes: {} })
    expect(reweave('advisory', 'import', other, '--public').out).not.toContain('embargo')
  })

  it.each([
    [['--public', '--embargoed-until', '2099-12-01']],
    [['--embargoed-until', 'next week']],
    [['no-such-file']],
  ])('refuses the command line %j', (args) => {
    const file = put('xsa.json', XSA_JSON)
    const { code, out } = reweave('advisory', 'import', file, ...args)
    expect(code).toBe(exitCode('usage'))
    expect(out).toBe('')
  })
})

describe('reweave advisory show', () => {
  it('says that an advisory is not known, with its exit code', () => {
    const { code, err } = reweave('advisory', 'show', 'XSA-9999')
    expect(code).toBe(exitCode('unknownAdvisory'))
    expect(err).toContain('XSA-9999 is not known here')
  })

  it('lets no advisory steer the terminal', () => {
    const file = put('xsa.json', [
      { xsas: [{ xsa: 9001, title: 'red \u001b[31m', public_time: '2015-03-05' }] },
    ])
    reweave('advisory', 'import', file)
    expect(reweave('advisory', 'show', '9001').out).not.toContain('\u001b')
    expect(reweave('advisory', 'list').out).not.toContain('\u001b')
  })
})

describe('reweave assess', () => {
  it('puts nothing on record that lacks a judge, a reason or evidence', () => {
    const { code, err } = reweave('assess', 'XSA-112', '--severity', 'low')
    expect(code).toBe(exitCode('usage'))
    expect(err).toContain('who judged, why, evidence')
    expect(reweave('assess', 'XSA-112').out).toContain('Nobody has judged it here')
  })

  it('keeps the published beside the judged, and every judgement beside the next', () => {
    const judge = (severity: string, why: string): Ran =>
      reweave(
        'assess',
        '112',
        '--by',
        'A. Smith',
        '--why',
        why,
        '--evidence',
        'run 417',
        '--severity',
        severity,
      )
    expect(judge('high', 'At first sight').code).toBe(0)
    expect(judge('low', 'No path leads there').code).toBe(0)
    const { out } = reweave('assess', 'XSA-112', '--json')
    expect(JSON.parse(out)).toMatchObject({
      published: { impacts: [{}] },
      judged: { severity: 'low' },
      assessments: [{ why: 'At first sight' }, { why: 'No path leads there' }],
    })
    expect(reweave('advisory', 'list').out).toMatch(/^XSA-112 .*\[assessed\]$/m)
  })
})

describe('reweave advisory window', () => {
  it('counts from the announcement until a host was seen closed', () => {
    const host = (seenAt: string, state: string): object => ({
      formatVersion: 1,
      collectedAt: seenAt,
      hosts: [
        {
          id: 'h1',
          name: 'h1',
          facts: {
            seenAt,
            seenBy: 'a test',
            architecture: 'x86_64',
            xenVersion: '4.17.6-pre',
            buildId: '39a640e6f1412319235087391df9f1c5e13ae920',
            guestTypes: { pv: 0, pvh: 0, hvm: 1 },
            features: { present: ['qemu-stubdomain'], absent: [] },
            memoryFixes: [{ name: 'xsa-506', advisory: 'XSA-506', channel: 'dma', state }],
          },
        },
      ],
    })
    const look = (seenAt: string, state: string): string => {
      const file = put('hosts.json', host(seenAt, state))
      return reweave('advisory', 'window', 'XSA-506', '--inventory', file).out
    }
    expect(look('2026-07-28T12:00:00.000Z', 'not-applied')).toMatch(/^h1: open, for \d+ d/m)
    expect(look('2026-07-30T12:05:00.000Z', 'applied')).toContain(
      'h1: stood open for 2 d at most, until 2026-07-30T12:05:00.000Z',
    )
  })
})
