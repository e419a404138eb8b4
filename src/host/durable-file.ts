import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'

/**
 * Puts a whole file in place, and returns once file, name and folder are on the disk.
 *
 * After a crash the name leads to the whole file, or to what was there before.
 */
export function writeDurably(file: string, bytes: Uint8Array): void {
  makeFolderDurably(path.dirname(file))
  const part = `${file}.part`
  try {
    writeFileSync(part, bytes, { flush: true, mode: 0o600 })
    renameSync(part, file)
  } catch (error) {
    rmSync(part, { force: true })
    throw error
  }
  synchroniseFolder(path.dirname(file))
}

/** Makes a folder that its owner alone may enter, and all above it that are missing. */
export function makeFolderDurably(folder: string): void {
  const firstMade = mkdirSync(folder, { recursive: true, mode: 0o700 })
  // The name of a new file is in its folder, and that of a new folder in the one above it. A file
  // that was there may be one whose creator died before this, so the folder is always synchronised.
  synchroniseFolder(folder)
  if (firstMade === undefined) return
  const top = path.dirname(path.resolve(firstMade))
  for (let each = path.resolve(folder); each !== top;) {
    each = path.dirname(each)
    synchroniseFolder(each)
  }
}

/** Returns once the names in the folder are on the disk. */
export function synchroniseFolder(folder: string): void {
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
