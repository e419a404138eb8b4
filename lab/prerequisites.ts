/**
 * What the lab needs of its host: Debian 12 on x86-64, some packages, and room.
 *
 * @module
 */
import { existsSync, readFileSync, statfsSync } from 'node:fs'
import path from 'node:path'
import {
  installPackages,
  missingPackages,
  type RequiredPackage,
} from '../src/debian/required-packages.ts'
import { LabNotPrepared, type LabRefusal } from './lab-refusal.ts'

interface Prerequisite extends RequiredPackage {
  /** Needed only where the lab does not run as root. */
  readonly notAsRoot?: true
}

const PREREQUISITES: readonly Prerequisite[] = [
  { package: 'qemu-system-x86', program: 'qemu-system-x86_64' },
  { package: 'qemu-utils', program: 'qemu-img' },
  { package: 'e2fsprogs', program: 'mke2fs' },
  { package: 'openssh-client', program: 'ssh' },
  { package: 'xz-utils', program: 'xz' },
  // Shows mke2fs files that belong to root.
  { package: 'fakeroot', program: 'fakeroot', notAsRoot: true },
]

/** Dom0's image and its making, with the packages kept for the next time. */
export const CACHE_BYTES = 1200 * 2 ** 20

/** What decides whether this host will do. */
export interface HostFacts {
  readonly architecture: string
  /** `/etc/os-release`, or undefined where there is none. */
  readonly osRelease: string | undefined
  readonly isRoot: boolean
  readonly missingPackages: readonly string[]
  readonly cacheDirectory: string
  readonly freeBytes: number
  /** Nothing is built where the cache is warm, so nothing has to fit. */
  readonly isCacheWarm: boolean
}

/** The first reason why this host will not do, or undefined. Missing packages are none for root. */
export function refuseHost(facts: HostFacts): LabRefusal | undefined {
  if (facts.architecture !== 'x64') return { kind: 'not-x86-64', found: facts.architecture }
  const release = parseOsRelease(facts.osRelease ?? '')
  if (release.codename !== 'bookworm' || release.id !== 'debian') {
    return { kind: 'not-bookworm', found: release.name }
  }
  if (facts.missingPackages.length > 0 && !facts.isRoot) {
    return { kind: 'packages-missing', packages: facts.missingPackages }
  }
  if (!facts.isCacheWarm && facts.freeBytes < CACHE_BYTES) {
    return {
      kind: 'too-little-space',
      directory: facts.cacheDirectory,
      wantedBytes: CACHE_BYTES,
      foundBytes: facts.freeBytes,
    }
  }
  return undefined
}

/**
 * Makes sure that this host has what the lab needs; as root, installs what is missing.
 *
 * Throws `LabNotPrepared` otherwise.
 */
export async function preparePrerequisites(options: {
  readonly cacheDirectory: string
  readonly isCacheWarm: boolean
  readonly progress: (line: string) => void
}): Promise<void> {
  const { cacheDirectory, isCacheWarm } = options
  const isRoot = process.getuid?.() === 0
  const needed = PREREQUISITES.filter((wanted) => !(isRoot && wanted.notAsRoot === true))
  const missing = missingPackages(needed)
  const refusal = refuseHost({
    architecture: process.arch,
    osRelease: existsSync(OS_RELEASE) ? readFileSync(OS_RELEASE, 'utf8') : undefined,
    isRoot,
    missingPackages: missing.map((wanted) => wanted.package),
    cacheDirectory,
    freeBytes: freeBytes(cacheDirectory),
    isCacheWarm,
  })
  if (refusal !== undefined) throw new LabNotPrepared(refusal)
  if (missing.length > 0) await installPackages(missing, options.progress)
}

const OS_RELEASE = '/etc/os-release'

/** Distribution and release, as os-release(5) gives them. */
export function parseOsRelease(text: string): { id: string; codename: string; name: string } {
  const value = (name: string): string | undefined => {
    return new RegExp(`^${name}=(["']?)(.*)\\1$`, 'm').exec(text)?.[2]
  }
  return {
    id: value('ID') ?? '',
    codename: value('VERSION_CODENAME') ?? '',
    name: value('PRETTY_NAME') ?? 'unknown',
  }
}

function freeBytes(directory: string): number {
  let existing = directory
  while (!existsSync(existing)) existing = path.dirname(existing)
  const { bavail, bsize } = statfsSync(existing)
  return bavail * bsize
}
