/**
 * Archives in the format that Linux unpacks as an initramfs: cpio "newc".
 *
 * Format: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.
 *
 * @module
 */

export type CpioEntry =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | {
      readonly kind: 'file'
      readonly path: string
      readonly bytes: Uint8Array
      readonly executable: boolean
    }

const HEADER_BYTES = 110
const DIRECTORY = 0o040755
const LINK = 0o120777
const FILE = 0o100644
const EXECUTABLE = 0o100755

/**
 * The archive of these entries, in their order; directories must come before what is in them.
 *
 * All belong to root and have no time, so equal entries give equal bytes.
 */
export function writeCpio(entries: readonly CpioEntry[]): Uint8Array {
  const encoder = new TextEncoder()
  const pieces: Uint8Array[] = []
  entries.forEach((entry, index) => {
    const name = encoder.encode(`${entry.path}\0`)
    const data = dataOf(entry)
    pieces.push(header(index + 1, modeOf(entry), name.length, data.length), name)
    pieces.push(padding(HEADER_BYTES + name.length), data, padding(data.length))
  })
  const trailer = encoder.encode('TRAILER!!!\0')
  pieces.push(header(0, 0, trailer.length, 0), trailer, padding(HEADER_BYTES + trailer.length))
  return concatenate(pieces)
}

/** Magic, then thirteen numbers of eight hexadecimal digits each. */
function header(inode: number, mode: number, nameBytes: number, dataBytes: number): Uint8Array {
  const links = mode === DIRECTORY ? 2 : 1
  // Inode, mode, uid, gid, links, mtime, size, device (2), special device (2), name size, check.
  const numbers = [inode, mode, 0, 0, links, 0, dataBytes, 0, 0, 0, 0, nameBytes, 0]
  const digits = numbers.map((number) => number.toString(16).padStart(8, '0'))
  return new TextEncoder().encode(`070701${digits.join('')}`)
}

function modeOf(entry: CpioEntry): number {
  if (entry.kind === 'directory') return DIRECTORY
  if (entry.kind === 'link') return LINK
  return entry.executable ? EXECUTABLE : FILE
}

function dataOf(entry: CpioEntry): Uint8Array {
  if (entry.kind === 'directory') return new Uint8Array()
  if (entry.kind === 'link') return new TextEncoder().encode(entry.target)
  return entry.bytes
}

/** Zeros up to the next multiple of four. */
function padding(byteLength: number): Uint8Array {
  return new Uint8Array((4 - (byteLength % 4)) % 4)
}

function concatenate(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((total, piece) => total + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
