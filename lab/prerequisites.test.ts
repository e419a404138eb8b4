import { describe, expect, it } from 'vitest'
import { describeLabRefusal, LabNotPrepared } from './lab-refusal.ts'
import { CACHE_BYTES, type HostFacts, parseOsRelease, refuseHost } from './prerequisites.ts'

const BOOKWORM = `\
PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
`

const good: HostFacts = {
  architecture: 'x64',
  osRelease: BOOKWORM,
  isRoot: false,
  missingPackages: [],
  cacheDirectory: '/lab/cache',
  freeBytes: CACHE_BYTES,
  isCacheWarm: false,
}

describe('refuseHost()', () => {
  it('takes a Debian 12 host with all packages and room', () => {
    expect(refuseHost(good)).toBeUndefined()
  })

  it('refuses another distribution and another release, and says which', () => {
    const trixie = BOOKWORM.replaceAll('bookworm', 'trixie').replace('12', '13')
    expect(refuseHost({ ...good, osRelease: trixie })).toEqual({
      kind: 'not-bookworm',
      found: 'Debian GNU/Linux 13 (trixie)',
    })
    const derived = BOOKWORM.replace('ID=debian', 'ID=other')
    expect(refuseHost({ ...good, osRelease: derived })?.kind).toBe('not-bookworm')
    expect(refuseHost({ ...good, osRelease: undefined })).toEqual({
      kind: 'not-bookworm',
      found: 'unknown',
    })
  })

  it('refuses another architecture before all else', () => {
    const facts = { ...good, architecture: 'arm64', osRelease: undefined }
    expect(refuseHost(facts)).toEqual({ kind: 'not-x86-64', found: 'arm64' })
  })

  it('refuses missing packages to a plain user and not to root, who installs them', () => {
    const facts = { ...good, missingPackages: ['qemu-utils'] }
    expect(refuseHost(facts)).toEqual({ kind: 'packages-missing', packages: ['qemu-utils'] })
    expect(refuseHost({ ...facts, isRoot: true })).toBeUndefined()
  })

  it('asks for room only where something has to be built', () => {
    const facts = { ...good, freeBytes: CACHE_BYTES - 1 }
    expect(refuseHost(facts)).toMatchObject({ kind: 'too-little-space', wantedBytes: CACHE_BYTES })
    expect(refuseHost({ ...facts, isCacheWarm: true })).toBeUndefined()
  })
})

describe('parseOsRelease()', () => {
  it('reads values with and without quotes', () => {
    expect(parseOsRelease(BOOKWORM)).toEqual({
      id: 'debian',
      codename: 'bookworm',
      name: 'Debian GNU/Linux 12 (bookworm)',
    })
  })

  it('takes ID for neither VERSION_ID nor ID_LIKE', () => {
    expect(parseOsRelease('VERSION_ID="12"\nID_LIKE=debian\n').id).toBe('')
  })
})

describe('describeLabRefusal()', () => {
  it('gives one command that installs all that is missing', () => {
    const sentence = describeLabRefusal({ kind: 'packages-missing', packages: ['a', 'b'] })
    expect(sentence).toContain(
      "Run: sudo sh -c 'apt-get update && apt-get install --yes --no-install-recommends a b'",
    )
  })

  it('names what was wanted and what is on offer', () => {
    const refusal = {
      kind: 'package-not-offered',
      package: 'xen',
      wanted: '3',
      offered: ['1', '2'],
    } as const
    expect(describeLabRefusal(refusal)).toBe(
      "Cannot make the lab: the host's apt sources do not offer xen 3 (found 1, 2)",
    )
    const error = new LabNotPrepared(refusal)
    expect(error).toMatchObject({ code: 'lab-not-prepared', refusal })
  })
})
