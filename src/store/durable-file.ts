import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'

/**
 * Readers of a file: everybody, or its owner and group.
 *
 * What is for the cleared also lies in a folder that others cannot enter; see `makeShutFolder()`.
 */
export type Readers = 'all' | 'cleared'

/**
 * Puts a whole file in place, or leaves what was there.
 *
 * The bytes are on the disk before the name leads to them. A file for the cleared is never readable
 * to others, not even while it is written.
 */
export function writeWhole(file: string, text: string, readers: Readers): void {
  makeFolder(path.dirname(file), readers)
  const part = `${file}.${process.pid}.part`
  try {
    writeFileSync(part, text, { flush: true, mode: readers === 'cleared' ? 0o640 : 0o644 })
    renameSync(part, file)
  } catch (error) {
    rmSync(part, { force: true })
    throw error
  }
}

/**
 * Adds lines to a file, and returns once they are on the disk.
 *
 * A last line without an end is what a crash left of an earlier call that did not return: it is
 * taken off first. Readers have to leave such a line out.
 */
export function appendLine(file: string, line: string, readers: Readers): void {
  makeFolder(path.dirname(file), readers)
  const descriptor = openSync(file, 'a+', readers === 'cleared' ? 0o640 : 0o644)
  try {
    const before = readFileSync(descriptor)
    const whole = before.lastIndexOf(LINE_END) + 1
    if (whole < before.length) ftruncateSync(descriptor, whole)
    writeSync(descriptor, `${line}\n`)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** The lines that `appendLine()` put into a file; none where there is no such file. */
export function readLines(file: string): readonly string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []
}

const LINE_END = 0x0a

export function makeFolder(folder: string, readers: Readers): void {
  mkdirSync(folder, { recursive: true, mode: readers === 'cleared' ? 0o750 : 0o755 })
}

/** Makes a folder that its owner alone may enter. One that is there stays as somebody set it. */
export function makeShutFolder(folder: string): void {
  makeFolder(path.dirname(folder), 'all')
  if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 })
}
