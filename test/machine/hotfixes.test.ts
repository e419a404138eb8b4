/**
 * Hotfixes built from source on a real Xen, by both channels: one upon the other, one against the
 * other, beside another tool's, killed, spoilt. What Xen says of its making shows which code runs.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { buildStateDirectory, defaultSourceDirectory } from '../../src/build/build-directory.ts'
import { fetchSource } from '../../src/build/fetch-source.ts'
import { exitCode } from '../../src/cli/exit-code.ts'
import { sha256 } from '../../src/host/sha256.ts'
import { readBundle } from '../../src/hotfix/read-bundle.ts'
import { writeBundle } from '../../src/hotfix/write-bundle.ts'
import { parseBuildId } from '../../src/image/build-id.ts'
import { reweaveBuild } from './testing/reweave-build.ts'
import { KILLED, reweave, reweaveKilledAt } from './testing/reweave-answer.ts'
import { type XenSnapshot, XenUnderTest } from './testing/xen-under-test.ts'

const VERSION = '4.17.5+72-g01140da4e8-1'
const BUILD_ID = '39a640e6f1412319235087391df9f1c5e13ae920'
const OTHER_BUILD_ID = '0123456789abcdef0123456789abcdef01234567'

/** Hotfixes by name: each makes one small function answer something else. */
// Not the version's numbers: the tools in Dom0 choose their own programs by them.
const PATCHES = {
  extra: patch(60, 'XEN_EXTRAVERSION', '"-one"'),
  rival: patch(60, 'XEN_EXTRAVERSION', '"-two"'),
  changes: patch(65, 'XEN_CHANGESET', '"one"'),
} as const
type Name = keyof typeof PATCHES

let xen: XenUnderTest
let untouched: XenSnapshot
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'reweave-hotfixes-'))
  const source = await fetched()
  for (const [name, text] of Object.entries(PATCHES)) {
    const file = path.join(folder, `${name}.patch`)
    writeFileSync(file, text)
    const out = path.join(folder, `${name}.hotfix`)
    const args = ['--source', source, '--patch', file, '--base', BUILD_ID, '--out', out]
    const { json, stderr } = await reweaveBuild(args)
    if (json.verdict !== 'built') throw new Error(`${name} was not built: ${stderr}`)
  }
  xen = await XenUnderTest.boot({ engines: ['nvme'] })
  for (const name of Object.keys(PATCHES)) {
    await xen.machine.push(path.join(folder, `${name}.hotfix`), `/root/${name}.hotfix`)
  }
  untouched = xen.see()
}, 1_800_000)

afterAll(async () => {
  await xen?.machine.stop()
  rmSync(folder, { recursive: true, force: true })
})

// A test that failed half-way must not fail those behind it.
afterEach(async () => {
  for (let round = 0; round < 2 && differs(); round += 1) {
    for (const name of ['changes', 'rival', 'extra']) await reweave(xen.machine, ['revert', name])
  }
})

function differs(): boolean {
  return xen.differences(untouched, xen.see()).length > 0
}

/** The hotfixes whose code runs now, by what Xen says of itself. */
async function running(): Promise<readonly Name[]> {
  const extra = (await xen.machine.run('cat /sys/hypervisor/version/extra')).trim()
  const changeset = (await xen.machine.run('cat /sys/hypervisor/properties/changeset')).trim()
  const all = { extra: extra === '-one', rival: extra === '-two', changes: changeset === 'one' }
  return (Object.keys(all) as Name[]).filter((name) => all[name])
}

async function apply(name: Name, channel: string): Promise<Awaited<ReturnType<typeof reweave>>> {
  return await reweave(xen.machine, ['apply', `/root/${name}.hotfix`, '--channel', channel])
}

async function revert(name: Name): Promise<Awaited<ReturnType<typeof reweave>>> {
  return await reweave(xen.machine, ['revert', name])
}

/** Applies `extra` so that it dies at that step of its journal; false where it has no such step. */
async function isKilled(step: number, channel: string): Promise<boolean> {
  const args = ['apply', '/root/extra.hotfix', '--channel', channel]
  const { exit, stderr } = await reweaveKilledAt(xen.machine, step, args)
  if (exit !== 0 && exit !== KILLED) throw new Error(`Killed at step ${step}: ${stderr}`)
  return exit === KILLED
}

interface StatusJson {
  readonly fix: string
  readonly state: string
  readonly channel?: string
  readonly livepatch?: { readonly owner: string; readonly position?: number }
}

async function status(): Promise<readonly StatusJson[]> {
  return (await reweave(xen.machine, ['status'])).json as readonly StatusJson[]
}

describe.each(['livepatch', 'dma'] as const)('by %s', (channel) => {
  it('applies, is there already, and reverts by name without the file', async () => {
    expect(await running()).toEqual([])
    expect(await apply('extra', channel)).toMatchObject({
      exit: 0,
      json: { result: 'applied', channel },
    })
    expect(await running()).toEqual(['extra'])
    expect(await apply('extra', 'auto')).toMatchObject({ exit: 0, json: { channel } })
    await xen.machine.run('mv /root/extra.hotfix /root/away')
    expect(await status()).toContainEqual(
      expect.objectContaining({ fix: 'extra', state: 'applied', channel }),
    )
    expect(await revert('extra')).toMatchObject({ exit: 0, json: { result: 'reverted' } })
    await xen.machine.run('mv /root/away /root/extra.hotfix')
    expect(await running()).toEqual([])
    expect(differs()).toBe(false)
  })

  it('refuses a second hotfix for a function, on either channel', async () => {
    expect((await apply('extra', channel)).exit).toBe(0)
    for (const second of ['livepatch', 'dma']) {
      expect(await apply('rival', second)).toMatchObject({ exit: exitCode('functionTaken') })
    }
    expect(await running()).toEqual(['extra'])
    expect((await revert('extra')).exit).toBe(0)
    expect(differs()).toBe(false)
  })

  it('is finished, or taken back, after a kill at any step of its journal', async () => {
    let step = 1
    while (await isKilled(step, channel)) {
      // By turns what was under way is finished, and taken back.
      const isFinished = step % 2 === 0
      expect((await (isFinished ? apply('extra', channel) : revert('extra'))).exit).toBe(0)
      expect(await running()).toEqual(isFinished ? ['extra'] : [])
      await revert('extra')
      expect(differs()).toBe(false)
      step += 1
    }
    // Two records at least: what is meant, and how it ended.
    expect(step).toBeGreaterThan(2)
    expect(await running()).toEqual(['extra'])
    expect((await revert('extra')).exit).toBe(0)
    expect(differs()).toBe(false)
  }, 1_200_000)
})

describe('two hotfixes', () => {
  it('stand one upon the other by livepatch, and come off in order only', async () => {
    expect((await apply('extra', 'livepatch')).exit).toBe(0)
    expect((await apply('changes', 'livepatch')).exit).toBe(0)
    expect(await running()).toEqual(['extra', 'changes'])
    const refused = await revert('extra')
    expect(refused).toMatchObject({ exit: exitCode('stackOrder') })
    expect(refused.stderr).toContain('changes')
    expect(await running()).toEqual(['extra', 'changes'])
    expect((await revert('changes')).exit).toBe(0)
    expect(await running()).toEqual(['extra'])
    expect((await revert('extra')).exit).toBe(0)
    expect(differs()).toBe(false)
  })

  it('live side by side on two channels', async () => {
    expect((await apply('extra', 'livepatch')).exit).toBe(0)
    expect((await apply('changes', 'dma')).exit).toBe(0)
    expect(await running()).toEqual(['extra', 'changes'])
    expect((await revert('extra')).exit).toBe(0)
    expect(await running()).toEqual(['changes'])
    expect((await revert('changes')).exit).toBe(0)
    expect(differs()).toBe(false)
  })
})

describe("another tool's payload", () => {
  it('is shown, stays, and keeps its function', async () => {
    execFileSync('tar', ['-xf', 'extra.hotfix', 'payload.livepatch'], { cwd: folder })
    await xen.machine.push(path.join(folder, 'payload.livepatch'), '/root/foreign.livepatch')
    // The tool gives up after 30 ms; an emulated machine may need longer to stop its CPUs.
    await xen.machine.run('xen-livepatch upload foreign /root/foreign.livepatch')
    await xen.machine.run('for i in 1 2 3 4 5 6 7 8; do xen-livepatch apply foreign && break; done')
    expect(await running()).toEqual(['extra'])
    expect(JSON.stringify(await status())).toContain('foreign')
    expect((await apply('rival', 'livepatch')).exit).not.toBe(0)
    expect((await apply('rival', 'dma')).exit).toBe(exitCode('functionTaken'))
    expect(await running()).toEqual(['extra'])
    await xen.machine.run(
      'for i in 1 2 3 4 5 6 7 8; do xen-livepatch revert foreign && break; done',
    )
    await xen.machine.run('xen-livepatch unload foreign')
    expect(differs()).toBe(false)
  })
})

describe('a bundle', () => {
  it.each([
    ['cut', (bytes: Buffer) => bytes.subarray(0, bytes.length - 700), 'badBundle'],
    ['altered', (bytes: Buffer) => flipped(bytes, bytes.length - 3000), 'badBundle'],
    ['for-another-build', forAnotherBuild, 'otherBuild'],
  ] as const)('that is %s is refused, and nothing is loaded', async (name, spoil, exit) => {
    const file = path.join(folder, `${name}.hotfix`)
    writeFileSync(file, spoil(readFileSync(path.join(folder, 'extra.hotfix'))))
    await xen.machine.push(file, `/root/${name}.hotfix`)
    for (const channel of ['livepatch', 'dma']) {
      const args = ['apply', `/root/${name}.hotfix`, '--channel', channel]
      expect(await reweave(xen.machine, args)).toMatchObject({ exit: exitCode(exit) })
    }
    expect(await xen.machine.run('xen-livepatch list')).not.toContain('APPLIED')
    expect(differs()).toBe(false)
  })
})

/** The bundle as it would be, had it been built against a build that does not run here. */
function forAnotherBuild(bytes: Buffer): Uint8Array {
  const read = readBundle(bytes, sha256)
  if (read.kind !== 'read') throw new Error(JSON.stringify(read.refusal))
  const { manifest, payload, study } = read.bundle
  const buildId = parseBuildId(OTHER_BUILD_ID)
  if (payload === undefined || buildId === undefined) throw new Error('Not built from a patch')
  const raw = (id: string): string => Buffer.from(id, 'hex').toString('latin1')
  const elf = Buffer.from(payload.bytes)
    .toString('latin1')
    .replaceAll(raw(BUILD_ID), raw(OTHER_BUILD_ID))
  const base = { ...manifest.base, buildId }
  const draft = { ...manifest, base, payload: Buffer.from(elf, 'latin1'), study, fix: undefined }
  return writeBundle(draft, sha256).bytes
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeUInt8(copy.readUInt8(at) ^ 1, at)
  return copy
}

/** A patch for one line of xen/common/version.c, as git writes it. */
function patch(line: number, before: string, after: string): string {
  return [
    '--- a/xen/common/version.c',
    '+++ b/xen/common/version.c',
    `@@ -${line - 1},3 +${line - 1},3 @@`,
    ' {',
    `-    return ${before};`,
    `+    return ${after};`,
    ' }',
    '',
  ].join('\n')
}

async function fetched(): Promise<string> {
  const directory = defaultSourceDirectory('xen', VERSION)
  const stateDirectory = buildStateDirectory()
  const progress = (): void => undefined
  const order = { name: 'xen', version: VERSION, directory, stateDirectory, progress }
  const outcome = await fetchSource(order)
  if (outcome.kind === 'refused') throw new Error(JSON.stringify(outcome.refusal))
  return directory
}
