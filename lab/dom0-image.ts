/**
 * Dom0's disk, kernel and initramfs, and the guests' inside it: made once, kept by content.
 *
 *     dom0-KEY/disk.img       ext4, label reweave-dom0
 *     dom0-KEY/kernel         Linux, uncompressed
 *     dom0-KEY/initrd.img
 *     dom0-KEY/ssh-key        0600
 *     dom0-KEY/known_hosts
 *     dom0-KEY/packages       what is inside, NAME VERSION a line
 *     dom0-RECIPE.current     KEY: what the packages were when this recipe was last resolved
 *
 * @module
 */
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Apt, Package } from '../src/debian/apt.ts'
import { cacheKey, findOrBuild } from '../src/workshop/build-cache.ts'
import { BuildFailed, runBuildCommand } from '../src/workshop/build-command.ts'
import { makeDiskImage } from './disk-image.ts'
import { makeDom0Keys } from './dom0-keys.ts'
import { keepDom0Modules, moduleFile } from './dom0-modules.ts'
import {
  DOM0_COMMAND_LINE,
  DOM0_EXCLUDED_FILES,
  DOM0_FORMAT,
  DOM0_LAB_MODULES,
  DOM0_LEFT_OUT,
  DOM0_OTHER_MODULES,
  DOM0_PACKAGES,
  DOM0_READY_LINE,
  DOM0_ROOT_MODULES,
  GUEST_INITRAMFS,
  GUEST_KERNEL,
} from './dom0-recipe.ts'
import { configureTree, dom0NodeVersion, readDom0Scripts, unpackPackages } from './dom0-tree.ts'
import { makeDom0Initramfs, makeGuestInitramfs } from './initramfs.ts'
import { findCompressedKernel } from './linux-image.ts'
import type { Dom0Parts } from './parts.ts'

export interface Dom0ImageOptions {
  readonly apt: Apt
  readonly cacheDirectory: string
  readonly progress: (line: string) => void
}

/** Room on Dom0's disk for logs and for what is pushed to it. */
const FREE_BYTES = 256 * 2 ** 20

/**
 * Dom0's parts, from the cache or made now.
 *
 * A finished image is used as long as its recipe is the same, without asking whether Debian has
 * newer packages: the lab is to be repeatable, and to work offline. Remove the cache to renew it.
 */
export async function findOrBuildDom0Image(options: Dom0ImageOptions): Promise<Dom0Parts> {
  const { apt, cacheDirectory: directory, progress } = options
  const scripts = readDom0Scripts()
  const recipe = recipeKey(scripts, dom0NodeVersion())
  const known = findDom0Image(directory, recipe)
  if (known !== undefined) return partsIn(known)
  progress("Choosing Dom0's packages")
  const resolved = await apt.resolve(DOM0_PACKAGES)
  const packages = resolved.filter((one) => !DOM0_LEFT_OUT.test(one.name))
  const key = dom0Key(recipe, packages)
  const found = await findOrBuild({ directory, name: 'dom0', key, progress }, async (part) => {
    await buildDom0Image({ part, packages, scripts, apt, progress })
  })
  writeFileSync(currentFile(directory, recipe), `${key}\n`)
  return partsIn(found)
}

/** Whether Dom0's image of the present recipe is in the cache. */
export function hasDom0Image(directory: string): boolean {
  return findDom0Image(directory, recipeKey(readDom0Scripts(), dom0NodeVersion())) !== undefined
}

function findDom0Image(directory: string, recipe: string): string | undefined {
  const current = currentFile(directory, recipe)
  if (!existsSync(current)) return undefined
  const known = path.join(directory, `dom0-${readFileSync(current, 'utf8').trim()}`)
  return existsSync(known) ? known : undefined
}

function currentFile(directory: string, recipe: string): string {
  return path.join(directory, `dom0-${recipe}.current`)
}

/** Changes with everything that decides the image, apart from the packages' versions. */
export function recipeKey(scripts: ReadonlyMap<string, string>, nodeVersion: string): string {
  return cacheKey([
    String(DOM0_FORMAT),
    nodeVersion,
    ...DOM0_PACKAGES,
    String(DOM0_LEFT_OUT),
    ...DOM0_EXCLUDED_FILES,
    ...DOM0_ROOT_MODULES,
    ...DOM0_LAB_MODULES,
    ...DOM0_OTHER_MODULES,
    ...[...scripts].flat(),
  ])
}

/** Changes with the recipe and with the name or version of any package. */
export function dom0Key(recipe: string, packages: readonly Package[]): string {
  return cacheKey([recipe, ...packages.flatMap((one) => [one.name, one.version])])
}

interface Dom0Build {
  /** The directory to fill. */
  readonly part: string
  readonly packages: readonly Package[]
  readonly scripts: ReadonlyMap<string, string>
  readonly apt: Apt
  readonly progress: (line: string) => void
}

async function buildDom0Image(build: Dom0Build): Promise<void> {
  const { part, scripts, progress } = build
  const tree = path.join(part, 'tree')
  progress(`Making Dom0's disk from ${build.packages.length} Debian packages (once)`)
  const files = await build.apt.fetch(build.packages)
  await unpackPackages(files, tree, progress)
  progress("Configuring Dom0's system")
  const keys = await makeDom0Keys()
  await configureTree(tree, { scripts, keys })

  const busybox = readFileSync(path.join(tree, 'usr/bin/busybox'))
  const modules = await keepDom0Modules(tree)
  const init = scripts.get('initrd-init.sh') ?? ''
  writeFileSync(path.join(part, 'initrd.img'), makeDom0Initramfs({ busybox, init, modules }))

  const [kernel] = globSync('boot/vmlinuz-*', { cwd: tree })
  if (kernel === undefined) throw new Error("Cannot find Dom0's kernel in its packages")
  await unpackKernel(path.join(tree, kernel), path.join(part, 'kernel'))
  rmSync(path.join(tree, kernel))
  await copySparse(path.join(part, 'kernel'), path.join(tree, GUEST_KERNEL))
  const guest = {
    busybox,
    init: scripts.get('guest-init.sh') ?? '',
    msrModule: moduleFile(tree, 'msr'),
  }
  writeFileSync(path.join(tree, GUEST_INITRAMFS), makeGuestInitramfs(guest))

  progress("Writing Dom0's disk")
  const disk = path.join(part, 'disk.img')
  await makeDiskImage({ label: 'reweave-dom0', from: tree, file: disk, freeBytes: FREE_BYTES })
  rmSync(tree, { recursive: true })
  writeFileSync(path.join(part, 'ssh-key'), keys.clientPrivate, { mode: 0o600 })
  writeFileSync(path.join(part, 'known_hosts'), `dom0 ${keys.hostPublic}`)
  const list = build.packages.map((one) => `${one.name} ${one.version}\n`)
  writeFileSync(path.join(part, 'packages'), list.join(''))
}

/** Makes an uncompressed kernel, as a sparse file: a third of it is zeros. */
async function unpackKernel(boot: string, file: string): Promise<void> {
  const found = findCompressedKernel(readFileSync(boot))
  if (found.kind !== 'found') {
    throw new BuildFailed(`Cannot unpack ${path.basename(boot)}: ${found.kind}, wanted xz`)
  }
  writeFileSync(`${file}.xz`, found.xz)
  await runBuildCommand('xz', ['--decompress', `${file}.xz`])
}

async function copySparse(from: string, to: string): Promise<void> {
  await runBuildCommand('cp', ['--sparse=always', from, to])
}

function partsIn(directory: string): Dom0Parts {
  return {
    disk: path.join(directory, 'disk.img'),
    kernel: path.join(directory, 'kernel'),
    initrd: path.join(directory, 'initrd.img'),
    commandLine: DOM0_COMMAND_LINE,
    sshKey: path.join(directory, 'ssh-key'),
    sshKnownHosts: path.join(directory, 'known_hosts'),
    readyLine: DOM0_READY_LINE,
  }
}
