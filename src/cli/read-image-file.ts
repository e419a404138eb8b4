import { open } from 'node:fs/promises'
import { hex } from '../address/address.ts'
import type { Image } from '../image/image.ts'
import { describeImageRefusal } from '../image/image-refusal.ts'
import { readImage } from '../image/read-image.ts'
import { CommandFailed } from './command-failed.ts'

/** Far above any `xen-syms`, also one with DWARF; keeps a wrong file from filling memory. */
const MAX_FILE_BYTES = 512 * 1024 * 1024

/**
 * Reads a symbol file that the user named.
 *
 * @throws CommandFailed `badSymbols` when it cannot be opened or holds no image
 */
export async function readImageFile(path: string): Promise<Image> {
  const result = readImage(await readBytes(path))
  if (result.kind === 'read') return result.image
  const message = `${path}: ${describeImageRefusal(result.refusal)}`
  throw new CommandFailed('badSymbols', message, { file: path, refusal: result.refusal })
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    await using file = await open(path)
    const status = await file.stat()
    if (!status.isFile() || status.size > MAX_FILE_BYTES) {
      const found = status.isFile() ? `it has ${hex(status.size)} bytes` : 'it is no regular file'
      const message = `Cannot read ${path}: ${found}, wanted a file of at most ${hex(MAX_FILE_BYTES)} bytes`
      throw new CommandFailed('badSymbols', message, { file: path })
    }
    return await file.readFile()
  } catch (error) {
    if (!(error instanceof Error) || error instanceof CommandFailed) throw error
    // Node appends the system call and the path: "ENOENT: no such file or directory, open '…'".
    const [reason = error.message] = error.message.split(', ')
    const message = `Cannot open ${path}: ${reason}`
    const failed = new CommandFailed('badSymbols', message, { file: path })
    failed.cause = error
    throw failed
  }
}
