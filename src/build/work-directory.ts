/**
 * Directories in which a build works, beside the cache that it reads.
 *
 * @module
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'

/** Runs `work` in a new directory on the cache's file system, which is removed afterwards. */
export async function withWorkDirectory<Result>(
  cacheDirectory: string,
  work: (directory: string) => Promise<Result>,
): Promise<Result> {
  mkdirSync(cacheDirectory, { recursive: true })
  sweep(cacheDirectory)
  const directory = mkdtempSync(path.join(cacheDirectory, `patched-${process.pid}-`))
  try {
    return await work(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Removes what processes that were killed left behind. */
function sweep(cacheDirectory: string): void {
  for (const name of readdirSync(cacheDirectory)) {
    const owner = /^patched-(\d+)-/.exec(name)?.[1]
    if (owner === undefined || existsSync(`/proc/${owner}`)) continue
    rmSync(path.join(cacheDirectory, name), { recursive: true, force: true })
  }
}
