import { execFileSync, spawnSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { fetchHypervisor } from '../../lab/hypervisor.ts'
import { cacheDirectory } from '../../lab/lab-directory.ts'
import { buildStateDirectory, defaultSourceDirectory } from '../../src/build/build-directory.ts'
import { fetchSource } from '../../src/build/fetch-source.ts'
import type { BuildVerdict } from '../../src/build/build-report.ts'
import { exitCode, type ExitName } from '../../src/cli/exit-code.ts'
import { Apt } from '../../src/debian/apt.ts'
import { sha256 } from '../../src/host/sha256.ts'
import { readBundle } from '../../src/hotfix/read-bundle.ts'
import { readImage } from '../../src/image/read-image.ts'
import { type BuildAnswer, reweaveBuild } from './testing/reweave-build.ts'

/** Debian's build that the lab boots by default. */
const VERSION = '4.17.5+72-g01140da4e8-1'
const BUILD_ID = '39a640e6f1412319235087391df9f1c5e13ae920'
const progress = (): void => undefined

/** A function of one object, short enough to be looked at. */
const DM = 'xen/common/dm.c'
const CHECK = '    if ( nr_bufs > ARRAY_SIZE(args.buf) )\n'
const MENDED = '    if ( !nr_bufs || nr_bufs > ARRAY_SIZE(args.buf) )\n'

let folder: string
let source: string
let syms: string
beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'reweave-build-'))
  const directory = defaultSourceDirectory('xen', VERSION)
  const stateDirectory = buildStateDirectory()
  const fetched = await fetchSource({
    name: 'xen',
    version: VERSION,
    directory,
    stateDirectory,
    progress,
  })
  if (fetched.kind === 'refused') throw new Error(JSON.stringify(fetched.refusal))
  source = directory
  const cache = cacheDirectory()
  const apt = new Apt({ directory: path.join(cache, 'apt'), progress })
  syms = (await fetchHypervisor(VERSION, { apt, cacheDirectory: cache, progress })).syms
})
afterAll(() => rmSync(folder, { recursive: true }))
beforeEach(() => {
  rmSync(path.join(folder, 'out'), { recursive: true, force: true })
  mkdirSync(path.join(folder, 'out'))
})

function read(file: string): string {
  return readFileSync(path.join(source, file), 'latin1')
}

/** One file's part of a patch, as git writes it, from a text to another. */
function change(file: string, before: string, after: string): string {
  const [old, now] = [path.join(folder, 'old'), path.join(folder, 'new')]
  writeFileSync(old, before, 'latin1')
  writeFileSync(now, after, 'latin1')
  const labels = ['--label', `a/${file}`, '--label', `b/${file}`]
  const { stdout } = spawnSync('diff', ['-u', ...labels, old, now])
  expect(stdout.length).toBeGreaterThan(0)
  return stdout.toString('latin1')
}

/** A patch on a file of the source that puts `to` in the place of `from`. */
function edit(file: string, from: string, to: string): string {
  const before = read(file)
  expect(before.split(from)).toHaveLength(2)
  return change(
    file,
    before,
    before.replace(from, () => to),
  )
}

/** A patch on a file of the source that puts `lines` at its end. */
function append(file: string, lines: string): string {
  return change(file, read(file), read(file) + lines)
}

interface BuildOf {
  readonly patch: string | Uint8Array
  readonly base?: string
  readonly source?: string
}

async function build(of: BuildOf, out = 'a-patch.hotfix'): Promise<BuildAnswer> {
  const patch = path.join(folder, 'a.patch')
  writeFileSync(patch, of.patch, 'latin1')
  const file = path.join(folder, 'out', out)
  const from = of.source ?? source
  const base = of.base ?? BUILD_ID
  return await reweaveBuild(['--source', from, '--patch', patch, '--base', base, '--out', file])
}

/** What lies where the bundle should go, half of one too. */
function written(): readonly string[] {
  return readdirSync(path.join(folder, 'out'))
}

/** What a build that comes to nothing tells, and what it left where the bundle should go. */
async function answerTo(of: BuildOf): Promise<unknown> {
  const { exit, json } = await build(of)
  const { verdict, reasons = [], hotfix } = json
  const kinds = [...new Set(reasons.map(({ kind }) => kind))]
  return { verdict, kinds, exit, sentence: reasons[0]?.sentence, hotfix, written: written() }
}

function refusal(verdict: BuildVerdict, kind: string, exit: ExitName, sentence: RegExp): unknown {
  return {
    verdict,
    kinds: [kind],
    exit: exitCode(exit),
    sentence: expect.stringMatching(sentence) as unknown,
    hotfix: undefined,
    written: [],
  }
}

/** A copy of the base with some of its bytes overwritten, under the same build-id. */
function alteredBase(where: Uint8Array, at: number, bytes: Uint8Array): string {
  const file = path.join(folder, 'altered-syms')
  const whole = readFileSync(syms)
  const start = whole.indexOf(where)
  expect(start).toBeGreaterThan(0)
  whole.set(bytes, start + at)
  writeFileSync(file, whole)
  return file
}

describe('reweave build, given a patch that is not for this source', () => {
  it('says which hunk does not apply, and what it found there', async () => {
    const before = read(DM).replace(CHECK, '    if ( nr_bufs > 3 )\n')
    const patch = change(DM, before, before.replace('nr_bufs > 3', 'nr_bufs > 4'))
    expect(await answerTo({ patch })).toEqual(
      refusal(
        'does-not-apply',
        'does-not-apply',
        'doesNotApply',
        /hunk 1 of xen\/common\/dm\.c, at line/,
      ),
    )
  })

  it('takes no fuzz', async () => {
    const patch = edit(DM, CHECK, MENDED).replace('     int rc;', '     long rc;')
    expect(await answerTo({ patch })).toEqual(
      refusal('does-not-apply', 'applies-only-with-fuzz', 'onlyWithFuzz', /only with fuzz 2/),
    )
  })

  it('says that a patch is in already', async () => {
    const patch = change(DM, read(DM).replace(CHECK, MENDED), read(DM))
    expect(await answerTo({ patch })).toEqual(
      refusal('does-not-apply', 'already-applied', 'alreadyApplied', /is in this source already/),
    )
  })

  it('says that a file is missing', async () => {
    const patch = change('xen/common/nowhere.c', 'int x;\n', 'int y;\n')
    expect(await answerTo({ patch })).toEqual(
      refusal('does-not-apply', 'file-missing', 'doesNotApply', /no file xen\/common\/nowhere\.c/),
    )
  })

  it('takes no patch that is cut, empty, or none', async () => {
    const whole = edit(DM, CHECK, MENDED)
    const cut = whole.split('\n').slice(0, -4).join('\n')
    expect(await answerTo({ patch: cut })).toEqual(
      refusal(
        'does-not-apply',
        'patch-malformed',
        'badPatch',
        /malformed at its line \d+: it ends within/,
      ),
    )
    expect(await answerTo({ patch: '' })).toEqual(
      refusal('does-not-apply', 'patch-empty', 'badPatch', /is empty/),
    )
    expect(await answerTo({ patch: readFileSync(syms) })).toEqual(
      refusal('does-not-apply', 'patch-empty', 'badPatch', /no hunk of a unified diff/),
    )
    const binary = `diff --git a/${DM} b/${DM}\nGIT binary patch\nliteral 4\nLc$}qb\n`
    expect(await answerTo({ patch: binary })).toEqual(
      refusal('does-not-apply', 'patch-not-supported', 'badPatch', /changes a binary file/),
    )
  })
})

describe('reweave build, given a patch that no hotfix can be', () => {
  it.each([
    ['tools', 'tools/libs/light/libxl.c'],
    ['documents', 'docs/misc/livepatch.pandoc'],
    ['another architecture', 'xen/arch/arm/domain.c'],
  ])('says that %s are nothing of the hypervisor on x86', async (_, file) => {
    const patch = append(file, '/* */\n')
    expect(await answerTo({ patch })).toEqual(
      refusal('refused', 'touches-no-hypervisor', 'nothingToPatch', new RegExp(file)),
    )
  })

  it('refuses half of a fix: a tool would have to be rebuilt with it', async () => {
    const tool = 'tools/libs/light/libxl.c'
    const patch = edit(DM, CHECK, MENDED) + append(tool, '/* */\n')
    expect(await answerTo({ patch })).toEqual(
      refusal('refused', 'needs-rebuilt-tool', 'needsTool', new RegExp(tool)),
    )
  })

  it('says that this configuration does not compile what is touched', async () => {
    const patch = append('xen/common/argo.c', 'int reweave_unused;\n')
    expect(await answerTo({ patch })).toEqual(
      refusal(
        'refused',
        'not-in-this-build',
        'nothingToPatch',
        /no object .* from xen\/common\/argo/,
      ),
    )
  })

  it('gives the errors of a patch that does not compile, with lines of the patched file', async () => {
    const patch = edit(DM, CHECK, `    nr_bufs = no_such_thing;\n${CHECK}`)
    const line = read(DM).split(CHECK)[0]?.split('\n').length ?? 0
    const sentence = new RegExp(`xen/common/dm\\.c:${line}: .no_such_thing. undeclared`)
    expect(await answerTo({ patch })).toEqual(
      refusal('refused', 'does-not-compile', 'doesNotCompile', sentence),
    )
  })

  it('says that comments change no code', async () => {
    const patch = edit(DM, CHECK, `    /* At most two. */\n${CHECK}`)
    expect(await answerTo({ patch })).toEqual(
      refusal('refused', 'nothing-replaced', 'nothingToPatch', /changes no code .* the one object/),
    )
  })

  it('says that nothing uses what is new', async () => {
    const lines = '\nint reweave_unused(int x);\nint reweave_unused(int x) { return x + 1; }\n'
    const patch = append(DM, lines)
    expect(await answerTo({ patch })).toEqual(
      refusal('refused', 'nothing-replaced', 'nothingToPatch', /replaces no function/),
    )
  })

  it('lists every variable whose change memory would not follow, not only the first', async () => {
    const timer = edit('xen/common/timer.c', '= 50000; /* 50 us */', '= 40000; /* 40 us */')
    const grants = edit(
      'xen/common/grant_table.c',
      'maptrack_frames = 1024;',
      'maptrack_frames = 512;',
    )
    const { exit, json } = await build({ patch: timer + grants })
    expect(json.verdict).toBe('refused')
    expect(json.reasons).toMatchObject([
      { kind: 'data-changed', object: 'common/grant_table.o', symbol: 'opt_max_maptrack_frames' },
      { kind: 'data-changed', object: 'common/timer.o', symbol: 'timer_slop' },
    ])
    expect(exit).toBe(exitCode('cannotPatch'))
    expect(written()).toEqual([])
  })
})

describe('reweave build, given another base or source', () => {
  const patch = (): string => edit(DM, CHECK, MENDED)

  it('says which compiler the base was made by', async () => {
    const said = Buffer.from('gcc (Debian 12.2.0')
    const base = alteredBase(said, said.length - 1, Buffer.from('7'))
    const sentence = /found \S*gcc \(Debian 12\.2\.0.* compiled by \S*gcc \(Debian 12\.2\.7/
    const verdict = 'baseline-differs'
    expect(await answerTo({ patch: patch(), base })).toEqual(
      refusal(verdict, 'other-compiler', 'otherCompiler', sentence),
    )
  })

  it('replaces no function that is not proven to be what runs', async () => {
    const read = readImage(readFileSync(syms))
    const found = read.kind === 'read' ? read.image.find('do_dm_op') : undefined
    if (read.kind !== 'read' || found?.kind !== 'found') throw new Error('No do_dm_op')
    const { address: start, byteLength } = found.symbol
    const code = read.image.bytesAt({ start, byteLength }) ?? new Uint8Array()
    const last = code.length - 1
    const base = alteredBase(code, last, Uint8Array.of((code[last] ?? 0) ^ 0xff))
    const sentence = /do_dm_op is not proven to be what runs: .* at byte \d+/
    const verdict = 'baseline-differs'
    const kind = 'baseline-not-proven'
    expect(await answerTo({ patch: patch(), base })).toEqual(
      refusal(verdict, kind, 'baselineDiffers', sentence),
    )
  })

  it('says which version the source is of', async () => {
    const other = path.join(folder, 'other-source')
    mkdirSync(path.join(other, 'xen'), { recursive: true })
    writeFileSync(path.join(other, 'xen/.config'), '')
    const makefile = 'export XEN_VERSION = 4\nexport XEN_SUBVERSION = 18\n'
    writeFileSync(path.join(other, 'xen/Makefile'), makefile)
    const of = { patch: patch(), source: other }
    const sentence = /it is 4\.18, and the base was built from 4\.17/
    expect(await answerTo(of)).toEqual(
      refusal('baseline-differs', 'source-other-version', 'otherSource', sentence),
    )
  })

  it.each([
    ['stripped', /it has no symbol table; give the xen-syms file/],
    ['no image', /\/elsewhere: /],
    ['absent', /There is no file .*elsewhere/],
  ])('takes no base that is %s', async (state, message) => {
    const base = path.join(folder, 'elsewhere')
    rmSync(base, { force: true })
    if (state === 'stripped') {
      copyFileSync(syms, base)
      execFileSync('strip', [base])
    } else if (state === 'no image') writeFileSync(base, 'no image')
    const { exit, json } = await build({ patch: patch(), base })
    expect(json).toMatchObject({ error: 'badSymbols' })
    expect(json.message).toMatch(message)
    expect(exit).toBe(exitCode('badSymbols'))
    expect(written()).toEqual([])
  })
})

describe('reweave build, given a patch for the build that runs', () => {
  it('builds the same bundle from another copy of the source', async () => {
    const copy = path.join(folder, 'another/copy')
    const tree = path.join(source, 'tools')
    // The control domain's part is large, and nothing of the hypervisor.
    cpSync(source, copy, { recursive: true, filter: (file) => !file.startsWith(tree) })
    const patch = `This is XSA-506 / CVE-2026-62433.\n\n${edit(DM, CHECK, MENDED)}`
    const one = await build({ patch }, 'mended.hotfix')
    const bytes = readFileSync(path.join(folder, 'out/mended.hotfix'))
    const other = await build({ patch, source: copy }, 'mended.hotfix')
    expect(readFileSync(path.join(folder, 'out/mended.hotfix')).equals(bytes)).toBe(true)
    expect(one.exit).toBe(0)
    expect(one.json).toMatchObject({
      verdict: 'built',
      name: 'mended',
      base: { buildId: BUILD_ID, version: VERSION },
      reasons: [],
      functions: { changed: [{ name: 'do_dm_op', object: 'common/dm.o' }], added: [] },
      objects: { compiled: ['common/dm.o'], changed: ['common/dm.o'] },
      baseline: { different: 0 },
      forms: [
        { form: 'livepatch', possible: true },
        { form: 'splice', possible: true },
      ],
      hotfix: { bytes: bytes.length, sha256: sha256(bytes) },
    })
    expect(other.json.hotfix?.sha256).toBe(one.json.hotfix?.sha256)
    expect(other.json.baseline?.cached).toBe(true)
    expect(readBundle(bytes, sha256)).toMatchObject({
      kind: 'read',
      bundle: { manifest: { advisory: 'XSA-506', probe: 'dm-op-without-buffers' } },
    })
    expect(written()).toEqual(['mended.hotfix'])
  })
})
