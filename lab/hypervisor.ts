/**
 * Builds of the hypervisor, unpacked from Debian's packages.
 *
 *     hypervisor-KEY/xen         ELF32, what QEMU starts
 *     hypervisor-KEY/xen-syms    ELF64 with the symbol table
 *     hypervisor-KEY/config      Xen's configuration
 *     hypervisor-KEY/build-id
 *
 * @module
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { parseBuildId } from '../src/image/build-id.ts'
import { describeImageRefusal } from '../src/image/image-refusal.ts'
import { readImage } from '../src/image/read-image.ts'
import type { Apt } from '../src/debian/apt.ts'
import { cacheKey, findOrBuild } from '../src/workshop/build-cache.ts'
import { BuildFailed, runBuildCommand } from '../src/workshop/build-command.ts'
import type { HypervisorParts } from './parts.ts'

/** Debian 12's two builds: the older lacks the fixes of XSA-477 to XSA-523. */
export const HYPERVISOR_VERSIONS = [
  '4.17.5+72-g01140da4e8-1',
  '4.17.7+13-g2445b30a44-0+deb12u1',
] as const

/** The build with the published holes. */
export const DEFAULT_HYPERVISOR_VERSION = HYPERVISOR_VERSIONS[0]

const FORMAT = 1
const PACKAGE = 'xen-hypervisor-4.17-amd64'
const STEM = 'xen-4.17-amd64'

export interface HypervisorOptions {
  readonly apt: Apt
  readonly cacheDirectory: string
  readonly progress: (line: string) => void
}

/**
 * The build that Debian published under exactly this version, from the cache or fetched now.
 *
 * Throws `AptRefused` where the host's sources do not offer it.
 */
export async function fetchHypervisor(
  version: string,
  options: HypervisorOptions,
): Promise<HypervisorParts> {
  const { apt, cacheDirectory: directory, progress } = options
  const key = cacheKey([String(FORMAT), PACKAGE, version])
  const found = await findOrBuild(
    { directory, name: 'hypervisor', key, progress },
    async (part) => {
      progress(`Fetching the hypervisor ${version} and its symbols (once)`)
      const names = [PACKAGE, `${PACKAGE}-dbg`]
      const files = await apt.fetch(names.map((name) => ({ name, version })))
      await unpackHypervisor(files, part)
    },
  )
  const text = readFileSync(path.join(found, 'build-id'), 'utf8')
  const buildId = parseBuildId(text)
  if (buildId === undefined) throw new BuildFailed(`Cannot read ${found}/build-id: found '${text}'`)
  return {
    multiboot: path.join(found, 'xen'),
    syms: path.join(found, 'xen-syms'),
    config: path.join(found, 'config'),
    version,
    buildId,
  }
}

async function unpackHypervisor(packages: readonly string[], directory: string): Promise<void> {
  const tree = path.join(directory, 'tree')
  mkdirSync(tree)
  for (const file of packages) await runBuildCommand('dpkg-deb', ['--extract', file, tree])
  const compressed = readFileSync(path.join(tree, `boot/${STEM}.gz`))
  writeFileSync(path.join(directory, 'xen'), gunzipSync(compressed))
  copyFileSync(path.join(tree, `boot/${STEM}.config`), path.join(directory, 'config'))
  const syms = path.join(directory, 'xen-syms')
  copyFileSync(path.join(tree, 'usr/lib/debug/boot/xen-syms-4.17-amd64'), syms)
  const read = readImage(readFileSync(syms))
  if (read.kind === 'refused') throw new BuildFailed(describeImageRefusal(read.refusal))
  writeFileSync(path.join(directory, 'build-id'), `${read.image.buildId}\n`)
  rmSync(tree, { recursive: true })
}
