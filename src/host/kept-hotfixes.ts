/**
 * The hotfixes that were applied on this host, kept so that they can be shown and reverted by name
 * when the file is gone from which they came.
 *
 *     /var/lib/reweave/hotfixes/NAME-DIGEST8.hotfix
 *
 * @module
 */
import { globSync, rmSync } from 'node:fs'
import path from 'node:path'
import type { Bundle } from '../hotfix/bundle.ts'
import { synchroniseFolder, writeDurably } from './durable-file.ts'

const FOLDER = 'hotfixes'

/** Where they are kept, in the folder of what is durable on a host. */
export function keptFolder(stateFolder: string): string {
  return path.join(stateFolder, FOLDER)
}

/**
 * Keeps a hotfix; it is on the disk when this returns. Called before anything of it gets into the
 * hypervisor.
 *
 * Others of its name are dropped: the caller made sure that none of them is applied.
 */
export function keepHotfix(stateFolder: string, hotfix: Bundle): string {
  const folder = keptFolder(stateFolder)
  const file = path.join(folder, keptName(hotfix))
  writeDurably(file, hotfix.bytes)
  const { name } = hotfix.manifest
  const others = keptFiles(stateFolder, name).filter((each) => each !== file)
  for (const other of others) rmSync(other)
  if (others.length > 0) synchroniseFolder(folder)
  return file
}

/** The files kept, of all names or of one. */
export function keptFiles(stateFolder: string, name?: string): readonly string[] {
  const files = globSync(path.join(keptFolder(stateFolder), '*.hotfix')).sort()
  return files.filter((file) => name === undefined || nameOfKept(file) === name)
}

function keptName({ manifest, digest }: Bundle): string {
  return `${manifest.name}-${digest.slice(0, 8)}.hotfix`
}

function nameOfKept(file: string): string | undefined {
  return /^(.+)-[0-9a-f]{8}\.hotfix$/.exec(path.basename(file))?.[1]
}
