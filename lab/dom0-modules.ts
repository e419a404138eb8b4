/**
 * Dom0's kernel modules: of some four thousand, those that the lab's machines can use.
 *
 * @module
 */
import { existsSync, globSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { runBuildCommand } from '../src/workshop/build-command.ts'
import { DOM0_LAB_MODULES, DOM0_OTHER_MODULES, DOM0_ROOT_MODULES } from './dom0-recipe.ts'
import {
  loadOrder,
  type ModuleDependencies,
  parseModuleDependencies,
} from './module-dependencies.ts'

/** The modules that are loaded at boot, each list in an order that satisfies all dependencies. */
export interface BootModules {
  /** What both of the others need. */
  readonly first: readonly string[]
  readonly forRoot: readonly string[]
  /** Loaded at the same time as those for the root disk, and needing none of them. */
  readonly forLab: readonly string[]
}

/**
 * Removes all other modules from a tree and lists those left for `modprobe`.
 *
 * Returns the files of those that are loaded at boot.
 */
export async function keepDom0Modules(tree: string): Promise<BootModules> {
  const releases = readdirSync(path.join(tree, 'usr/lib/modules'))
  const [release] = releases
  if (release === undefined || releases.length > 1) {
    throw new Error(`Cannot pick Dom0's kernel: found ${releases.length}, wanted one`)
  }
  const folder = path.join(tree, 'usr/lib/modules', release)
  await listModules(tree, release)
  const all = parseModuleDependencies(readFileSync(path.join(folder, 'modules.dep'), 'utf8'))
  const kept = new Set(
    filesOf(all, [...DOM0_ROOT_MODULES, ...DOM0_LAB_MODULES, ...DOM0_OTHER_MODULES]),
  )
  for (const file of globSync('kernel/**/*.ko', { cwd: folder })) {
    if (!kept.has(file)) rmSync(path.join(folder, file))
  }
  await listModules(tree, release)
  const forRoot = filesOf(all, DOM0_ROOT_MODULES)
  const forLab = filesOf(all, DOM0_LAB_MODULES)
  const first = forLab.filter((file) => forRoot.includes(file))
  const without = (files: readonly string[]): string[] =>
    files.filter((file) => !first.includes(file))
  const located = (files: readonly string[]): string[] =>
    files.map((file) => path.join(folder, file))
  return {
    first: located(first),
    forRoot: located(without(forRoot)),
    forLab: located(without(forLab)),
  }
}

/** The one file of that module in a tree. */
export function moduleFile(tree: string, name: string): string {
  const folder = path.join(tree, 'usr/lib/modules')
  const [file] = globSync(`*/kernel/**/${name}.ko`, { cwd: folder })
  if (file === undefined) throw new Error(`Cannot find the kernel module ${name}`)
  return path.join(folder, file)
}

function filesOf(dependencies: ModuleDependencies, names: readonly string[]): readonly string[] {
  const order = loadOrder(dependencies, names)
  if (order.kind === 'ordered') return order.files
  throw new Error(`Cannot find the kernel modules ${order.names.join(', ')}`)
}

/** Runs the tree's own depmod through the tree's own loader: the host may have none. */
async function listModules(tree: string, release: string): Promise<void> {
  const loader = path.join(tree, 'usr/lib64/ld-linux-x86-64.so.2')
  const libraries = path.join(tree, 'usr/lib/x86_64-linux-gnu')
  const kmod = path.join(tree, 'usr/bin/kmod')
  if (!existsSync(kmod)) throw new Error(`Cannot list kernel modules: no ${kmod}`)
  // kmod acts by the name it is called by.
  const settings = ['--library-path', libraries, '--argv0', 'depmod', kmod]
  await runBuildCommand(loader, [...settings, '--basedir', tree, release])
}
