import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { buildIdOfImage, installedPackages, readInstalledXen } from './installed-xen.ts'

const ID = '151b373fd64b321593bf987fd923cd10dabadac4'
const NOTE = Buffer.concat([
  Buffer.from([4, 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0, 0x47, 0x4e, 0x55, 0]),
  Buffer.from(ID, 'hex'),
])
const STATUS = `Package: xen-hypervisor-4.17-amd64
Status: install ok installed
Version: 4.17.7+13-g2445b30a44-0+deb12u1
Description: Xen Hypervisor on AMD64
 Version: of nothing

Package: xen-utils-4.17
Status: install ok installed
Version: 4.17.7+13-g2445b30a44-0+deb12u1

Package: xen-utils-4.14
Status: deinstall ok config-files
Version: 4.14.6-1
`

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'reweave-installed-'))
  mkdirSync(path.join(folder, 'boot'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function write(name: string, bytes: string | Uint8Array): string {
  const file = path.join(folder, name)
  writeFileSync(file, bytes)
  return file
}

function installed(): ReturnType<typeof readInstalledXen> {
  return readInstalledXen({
    boot: path.join(folder, 'boot'),
    dpkgStatus: path.join(folder, 'status'),
    osRelease: path.join(folder, 'os-release'),
  })
}

function image(...parts: readonly Uint8Array[]): Buffer {
  return gzipSync(Buffer.concat([Buffer.alloc(4096), ...parts, Buffer.alloc(64)]))
}

describe('readInstalledXen()', () => {
  it('finds the one hypervisor, its package and the tools', () => {
    write('boot/xen-4.17-amd64.gz', image(NOTE))
    write('status', STATUS)
    write('os-release', 'NAME="Debian GNU/Linux"\nID=debian\n')
    expect(installed()).toEqual({
      diskBuildId: ID,
      diskVersion: '4.17.7+13-g2445b30a44-0+deb12u1',
      toolstackVersion: '4.17.7+13-g2445b30a44-0+deb12u1',
    })
  })

  it('does not guess which of two hypervisors is booted', () => {
    write('boot/xen-4.17-amd64.gz', image(NOTE))
    write('boot/xen-4.14-amd64.gz', image(NOTE))
    write('status', STATUS)
    write('os-release', 'ID=debian\n')
    expect(installed().diskBuildId).toBeUndefined()
    expect(installed().diskVersion).toBeUndefined()
  })

  it('takes no version from a distribution that puts fixes in and keeps it', () => {
    write('boot/xen-4.17-amd64.gz', image(NOTE))
    write('status', STATUS)
    write('os-release', 'ID=ubuntu\nID_LIKE=debian\n')
    expect(installed()).toEqual({
      diskBuildId: ID,
      diskVersion: undefined,
      toolstackVersion: undefined,
    })
  })

  it('knows nothing of a disk without Xen', () => {
    expect(installed()).toEqual({
      diskBuildId: undefined,
      diskVersion: undefined,
      toolstackVersion: undefined,
    })
  })
})

describe('buildIdOfImage()', () => {
  it('gives none for an image without a note, with two, or that is not packed', () => {
    expect(buildIdOfImage(write('a', image()))).toBeUndefined()
    expect(buildIdOfImage(write('b', image(NOTE, NOTE)))).toBeUndefined()
    expect(buildIdOfImage(write('c', NOTE))).toBeUndefined()
  })
})

describe('installedPackages()', () => {
  it('leaves out what was removed', () => {
    expect([...installedPackages(STATUS).keys()]).toEqual([
      'xen-hypervisor-4.17-amd64',
      'xen-utils-4.17',
    ])
  })
})
