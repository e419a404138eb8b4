/**
 * Directories in which a build works, beside the cache that it reads.
 *
 * @module
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { onProcessEnd } from '../workshop/exit-cleanup.ts'

/**
 * Runs `work` in a new directory on the cache's file system, which is removed afterwards: also where
 * an interrupt ends the process.
 */
export async function withWorkDirectory<Result>(
  cacheDirectory: string,
  work: (directory: string) => Promise<Result>,
): Promise<Result> {
  mkdirSync(cacheDirectory, { recursive: true })
  sweep(cacheDirectory)
  const directory = mkdtempSync(path.join(cacheDirectory, `patched-${process.pid}-`))
  const remove = (): void => rmSync(directory, { recursive: true, force: true })
  const keep = onProcessEnd(remove)
  try {
    return await work(directory)
  } finally {
    remove()
    keep()
  }
}

/** Far longer than a build takes. */
const ABANDONED_MS = 6 * 60 * 60 * 1000

/** Removes what processes that were killed left behind. */
// A process that is not seen here may be at work in another container that has the cache as well.
function sweep(cacheDirectory: string): void {
  for (const name of readdirSync(cacheDirectory)) {
    const owner = /^patched-(\d+)-/.exec(name)?.[1]
    if (owner === undefined || existsSync(`/proc/${owner}`)) continue
    const directory = path.join(cacheDirectory, name)
    const begun = statSync(directory, { throwIfNoEntry: false })?.mtimeMs
    if (begun === undefined || Date.now() - begun < ABANDONED_MS) continue
    rmSync(directory, { recursive: true, force: true })
  }
}
