import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'

/**
 * What a controller's medium held in the blocks that Reweave bounces data through.
 *
 * Kept in a durable file for as long as the blocks hold something else, so that they can be put
 * back after a crash or a power cut too: whoever uses the controller next finds the file and
 * takes it for the truth.
 */
export class ScratchBlocks {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** What an earlier process saved and did not put back. */
  saved(serial: string): Uint8Array | undefined {
    const file = this.#file(serial)
    return existsSync(file) ? new Uint8Array(readFileSync(file)) : undefined
  }

  /** Durable when it returns. */
  save(serial: string, bytes: Uint8Array): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    const file = this.#file(serial)
    // Writes on after a short write, as on a disk that is nearly full, or throws.
    writeFileSync(`${file}.new`, bytes, { flush: true, mode: 0o600 })
    renameSync(`${file}.new`, file)
    this.#syncFolder()
  }

  /** The blocks hold their own bytes again. */
  clear(serial: string): void {
    rmSync(this.#file(serial), { force: true })
    this.#syncFolder()
  }

  #file(serial: string): string {
    const safe = serial.replaceAll(/[^A-Za-z0-9_-]/g, '_')
    return path.join(this.#folder, `scratch-${safe}.bin`)
  }

  #syncFolder(): void {
    const handle = openSync(this.#folder, 'r')
    fsyncSync(handle)
    closeSync(handle)
  }
}
