/**
 * Things that are made once and found again by the hash of what they were made from.
 *
 *     cache/NAME-KEY/          complete, never changed again
 *     cache/NAME-KEY.lock      held by the process that makes it
 *     cache/NAME-KEY.PID.part  half made; removed by the next process that holds the lock
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { withFileLock } from './file-lock.ts'

/**
 * The key for something made from these inputs, as 16 hexadecimal digits.
 *
 * Each input goes in with its length, so that moving a byte from one to the next changes the key.
 */
export function cacheKey(inputs: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256')
  for (const input of inputs) {
    const bytes = typeof input === 'string' ? new TextEncoder().encode(input) : input
    hash.update(`${bytes.length}:`).update(bytes)
  }
  return hash.digest('hex').slice(0, 16)
}

export interface CacheEntry {
  /** Where the entries live: one directory for all kinds. */
  readonly directory: string
  /** What it is, in one word, such as `dom0`. */
  readonly name: string
  readonly key: string
  readonly progress: (line: string) => void
}

/**
 * The directory of a finished entry, made by `build` if there is none.
 *
 * `build` fills a directory that gets its name only when all of it succeeded, so a half-made entry
 * is never found. Of several processes one builds and the others wait for it.
 */
export async function findOrBuild(
  entry: CacheEntry,
  build: (directory: string) => Promise<void>,
): Promise<string> {
  const finished = path.join(entry.directory, `${entry.name}-${entry.key}`)
  if (existsSync(finished)) return finished
  const onWait = (): void => entry.progress(`Waiting for another process that makes ${entry.name}`)
  return await withFileLock(`${finished}.lock`, onWait, async () => {
    if (existsSync(finished)) return finished
    removeParts(finished)
    const part = `${finished}.${process.pid}.part`
    mkdirSync(part)
    try {
      await build(part)
      renameSync(part, finished)
    } finally {
      rmSync(part, { recursive: true, force: true })
    }
    return finished
  })
}

/** Removes what a process that died left behind. Only the holder of the lock may call this. */
function removeParts(finished: string): void {
  const directory = path.dirname(finished)
  for (const name of readdirSync(directory)) {
    if (name.startsWith(`${path.basename(finished)}.`) && name.endsWith('.part')) {
      rmSync(path.join(directory, name), { recursive: true, force: true })
    }
  }
}
