import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const MAIN = path.resolve(import.meta.dirname, '../src/cli/main.ts')
/** Debian's build for which there is a fix of XSA-506, the one that mends it on disk, and another. */
const OLD = '39a640e6f1412319235087391df9f1c5e13ae920'
const NEW = '151b373fd64b321593bf987fd923cd10dabadac4'
const OTHER = '7777777700000000000000000000000000000000'

interface Result {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

let folder: string

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'reweave-exposure-'))
  const hosts = [
    host('mendable', {}),
    host('mended', { memoryFixes: [fix('applied')] }),
    host('updated', { diskBuildId: NEW }),
    host('confined', { iommuMode: 'strict', channels: [dma(false)] }),
    host('another-build', { buildId: OTHER, sourceVersion: '4.17.5' }),
    host('pv-only', { guestTypes: { pv: 3, pv32: 0, pvh: 0, hvm: 0 } }),
    host('unseen', { guestTypes: undefined }),
  ]
  const inventory = { formatVersion: 1, collectedAt: '2026-11-21T12:00:00.000Z', hosts }
  writeFileSync(path.join(folder, 'inventory.json'), JSON.stringify(inventory))
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** A host that XSA-506 hits: an HVM guest with its device model in a stub domain. */
function host(name: string, facts: object): object {
  return {
    id: name,
    name,
    pool: 'p1',
    facts: {
      seenAt: '2026-11-21T12:00:00.000Z',
      seenBy: 'a test',
      architecture: 'x86_64',
      xenVersion: '4.17.5',
      buildId: OLD,
      diskBuildId: OLD,
      guestTypes: { pv: 0, pv32: 0, pvh: 0, hvm: 2 },
      features: { present: ['qemu-stubdomain'], absent: 'rest' },
      memoryFixes: [],
      channels: [dma(true)],
      iommuMode: 'disabled',
      config: { options: {}, whole: true },
      migration: { possible: true, why: 'shared storage' },
      pinnedGuests: [],
      ...facts,
    },
  }
}

function fix(state: string): object {
  return { name: 'xsa-506', advisory: 'XSA-506', channel: 'dma', state }
}

function dma(works: boolean): object {
  return { channel: 'dma', works, why: works ? 'through nvme' : 'an IOMMU confines Dom0' }
}

function reweave(...args: readonly string[]): Result {
  const all = [MAIN, ...args, '--store', folder]
  const { status, stdout, stderr } = spawnSync(process.execPath, all, { encoding: 'utf8' })
  return { status, stdout, stderr }
}

describe('reweave exposure', () => {
  it('gives each host its verdict, and the facts that decided it', () => {
    const { status, stdout } = reweave('exposure', 'XSA-506')
    expect(status).toBe(0)
    expect(stdout).toMatch(/^XSA-506 {2}4 open \(1 fixed on disk only\), 1 unknown, 1 fixed, 1 not/)
    expect(stdout).toContain('  fixed in memory only; a reboot undoes it: mended\n')
    expect(stdout).toContain('  fixed on disk only; open until the host boots: updated\n')
    expect(stdout).toMatch(/ {2}affected.*: confined, mendable\n/)
    expect(stdout).toContain('  unknown (missing: guestTypes): unseen\n')
    expect(stdout).toMatch(/ {2}not affected: pv-only\n +guestTypes has hvm: no \(absent\)\. \S/)
  })

  it('names in JSON every host once for each advisory', () => {
    const { stdout } = reweave('exposure', '--explain', '--json')
    const reports = JSON.parse(stdout) as readonly {
      readonly groups: readonly { readonly hosts: readonly { readonly id: string }[] }[]
    }[]
    expect(reports.length).toBeGreaterThan(40)
    for (const { groups } of reports) {
      const ids = groups.flatMap(({ hosts }) => hosts.map(({ id }) => id))
      expect(new Set(ids).size).toBe(ids.length)
      expect(ids).toHaveLength(7)
    }
  })

  it('looks at one host alone', () => {
    const { stdout } = reweave('exposure', 'XSA-506', '--host', 'mended')
    expect(stdout).toMatch(/^XSA-506 {2}1 fixed {2}/)
    expect(reweave('exposure', '--host', 'nobody')).toMatchObject({
      status: 2,
      stderr: "reweave: No host is named 'nobody' in the inventory\n",
    })
  })

  it('does not count denial of service where it was told so', () => {
    const { stdout } = reweave('exposure', 'XSA-484', '--no-dos')
    expect(stdout).toContain('[does not count by policy]')
  })
})

describe('reweave coverage', () => {
  it('sets hot beside cold, says what shuts a way, and what would cover most', () => {
    const { status, stdout } = reweave('coverage', 'XSA-506')
    expect(status).toBe(0)
    expect(stdout).toContain('4 hosts exposed; of 1 host more it is not known\n')
    expect(stdout).toMatch(/^hot {18,}2 {3,}50\.00 % {2}0\.0$/m)
    expect(stdout).toMatch(/^cold {18,}4 {2,}100\.00 % {2}0\.1$/m)
    expect(stdout).toMatch(/^ {2}dma +1 host: the IOMMU confines Dom0's devices \(mode strict\)$/m)
    expect(stdout).toContain('  adding one build for 77777777 covers 1 more host\n')
  })

  it('takes the name of a fix for its advisory', () => {
    const ofFix = JSON.parse(reweave('coverage', 'xsa-506', '--json').stdout) as object
    const ofAdvisory = JSON.parse(reweave('coverage', 'XSA-506', '--json').stdout) as object
    expect(ofFix).toEqual(ofAdvisory)
  })

  it('takes what an outage costs from the operator', () => {
    const { stdout } = reweave('coverage', 'XSA-506', '--reboot-minutes', '12')
    expect(stdout).toMatch(/^cold-reboot +4 +100\.00 % {2}96\.0$/m)
    expect(reweave('coverage', 'XSA-506', '--reboot-minutes', 'long').status).toBe(2)
  })

  it('refuses a name that is neither an advisory nor a fix', () => {
    expect(reweave('coverage', 'the-moon')).toMatchObject({
      status: 2,
      stderr: "reweave: 'the-moon' names no advisory and no fix on the shelf\n",
    })
  })

  it('does not take a fix that opens a hole for one that closes it', () => {
    expect(reweave('coverage', 'xsa-108-open').status).toBe(2)
  })
})
