import { globSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { type BuildId, buildIdFromBytes } from '../image/build-id.ts'

/** What of Xen is installed on Dom0's disk. */
export interface InstalledXen {
  /** The hypervisor that the next boot starts, where there is only one it can be. */
  readonly diskBuildId: BuildId | undefined
  readonly diskVersion: string | undefined
  readonly toolstackVersion: string | undefined
}

/** Folders of Dom0, so that tests can have their own. */
export interface Dom0Disk {
  readonly boot: string
  readonly dpkgStatus: string
  readonly osRelease: string
}

export const DOM0_DISK: Dom0Disk = {
  boot: '/boot',
  dpkgStatus: '/var/lib/dpkg/status',
  osRelease: '/etc/os-release',
}

/** An image of Xen with its symbols left out is 3 MB; anything far larger is none. */
const LARGEST_IMAGE_BYTES = 64 << 20

/**
 * Reads what is installed.
 *
 * With more than one hypervisor in /boot the boot loader's settings decide, which are not read: the
 * disk is then not known. Versions come from dpkg on Debian alone, whose packages of Xen say in
 * their version which point of Xen's history they are; others put fixes in and keep the version.
 */
export function readInstalledXen(disk: Dom0Disk = DOM0_DISK): InstalledXen {
  const images = globSync('xen-*.gz', { cwd: disk.boot }).filter((name) =>
    statSync(path.join(disk.boot, name)).isFile(),
  )
  const [image] = images
  const only = images.length === 1 ? image : undefined
  const packages = isDebian(disk)
    ? installedPackages(readOr(disk.dpkgStatus))
    : new Map<string, string>()
  const name = only?.replace(/^xen-(.*)\.gz$/, 'xen-hypervisor-$1')
  return {
    diskBuildId: only === undefined ? undefined : buildIdOfImage(path.join(disk.boot, only)),
    diskVersion: name === undefined ? undefined : packages.get(name),
    toolstackVersion: onlyVersion(packages, /^xen-utils-\d/),
  }
}

/** The build-id in a packed hypervisor, by its note; undefined if it has none or cannot be read. */
export function buildIdOfImage(file: string): BuildId | undefined {
  let image: Buffer
  try {
    image = gunzipSync(readFileSync(file), { maxOutputLength: LARGEST_IMAGE_BYTES })
  } catch {
    return undefined
  }
  // Elf_Nhdr of NT_GNU_BUILD_ID (3) with a 20-byte SHA-1, the owner `GNU` behind it. The image for
  // multiboot has no section table to find it by.
  const header = Buffer.from([4, 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0, 0x47, 0x4e, 0x55, 0])
  const at = image.indexOf(header)
  if (at < 0 || image.indexOf(header, at + 1) >= 0) return undefined
  return buildIdFromBytes(image.subarray(at + header.length, at + header.length + 20))
}

/** Packages that dpkg has installed whole, with their versions. */
export function installedPackages(status: string): ReadonlyMap<string, string> {
  const installed = new Map<string, string>()
  for (const stanza of status.split(/\n\n+/)) {
    const field = (name: string): string | undefined =>
      new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1]?.trim()
    const name = field('Package')
    const version = field('Version')
    if (name === undefined || version === undefined) continue
    if (field('Status') === 'install ok installed') installed.set(name, version)
  }
  return installed
}

function onlyVersion(packages: ReadonlyMap<string, string>, name: RegExp): string | undefined {
  const versions = [...packages].flatMap(([each, version]) => (name.test(each) ? [version] : []))
  return versions.length === 1 ? versions[0] : undefined
}

function isDebian(disk: Dom0Disk): boolean {
  return /^ID="?debian"?$/m.test(readOr(disk.osRelease))
}

function readOr(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
