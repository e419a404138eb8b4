import {
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
  fsyncSync,
} from 'node:fs'
import path from 'node:path'

/** Readers of a file: everybody, or its owner alone. */
export type Readers = 'all' | 'owner'

/**
 * Puts a whole file in place, or leaves what was there.
 *
 * The bytes are on the disk before the name leads to them. A file for its owner is never readable
 * to others, not even while it is written.
 */
export function writeWhole(file: string, text: string, readers: Readers): void {
  makeFolder(path.dirname(file), readers)
  const part = `${file}.${process.pid}.part`
  try {
    writeFileSync(part, text, { flush: true, mode: readers === 'owner' ? 0o600 : 0o644 })
    renameSync(part, file)
  } catch (error) {
    rmSync(part, { force: true })
    throw error
  }
}

/** Adds one line to a file, and returns once it is on the disk. */
export function appendLine(file: string, line: string, readers: Readers): void {
  makeFolder(path.dirname(file), readers)
  const descriptor = openSync(file, 'a', readers === 'owner' ? 0o600 : 0o644)
  try {
    writeSync(descriptor, `${line}\n`)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

export function makeFolder(folder: string, readers: Readers): void {
  mkdirSync(folder, { recursive: true, mode: readers === 'owner' ? 0o700 : 0o755 })
}
