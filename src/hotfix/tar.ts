/**
 * An archive in POSIX's ustar form, of which there is one for the same members.
 *
 *     header 512 bytes | content, padded with zeros to 512 | … | 1024 zeros
 *
 * Every field that could vary is fixed: owner and time 0, mode 0644, plain files only. So a reader
 * can take exactly what the writer makes, and any tar program can look inside.
 * POSIX.1-2017, pax, "ustar Interchange Format".
 *
 * @module
 */

export interface ArchiveMember {
  readonly name: string
  readonly bytes: Uint8Array
}

export type ArchiveRead =
  | { readonly kind: 'read'; readonly members: readonly ArchiveMember[] }
  /** Its beginning is no header of a plain file in ustar form. */
  | { readonly kind: 'no-archive' }
  /** Whole up to where the file ends: `wanted` is the least length that it had. */
  | { readonly kind: 'cut'; readonly wanted: number }
  /** A part is not as `writeArchive` makes it. */
  | { readonly kind: 'altered'; readonly part: string }

const BLOCK_BYTES = 512
const END_BYTES = 2 * BLOCK_BYTES
const CHECKSUM = { at: 148, byteLength: 8 } as const

/** A field of the header: octal digits behind a NUL, or text that NULs follow. */
const FIELDS = {
  name: { at: 0, byteLength: 100 },
  mode: { at: 100, byteLength: 8 },
  owner: { at: 108, byteLength: 8 },
  group: { at: 116, byteLength: 8 },
  size: { at: 124, byteLength: 12 },
  time: { at: 136, byteLength: 12 },
  type: { at: 156, byteLength: 1 },
  magic: { at: 257, byteLength: 8 },
} as const

type FieldName = keyof typeof FIELDS

/** Names are of printable ASCII, without folders, and shorter than 100 characters. */
export function writeArchive(members: readonly ArchiveMember[]): Uint8Array {
  const blocks = members.map(({ bytes }) => BLOCK_BYTES + padded(bytes.byteLength))
  const archive = new Uint8Array(blocks.reduce((sum, length) => sum + length, END_BYTES))
  let at = 0
  for (const [index, { name, bytes }] of members.entries()) {
    archive.set(headerOf(name, bytes.byteLength), at)
    archive.set(bytes, at + BLOCK_BYTES)
    at += blocks[index] ?? 0
  }
  return archive
}

/** Reads what `writeArchive` makes and nothing else. The members are views of `bytes`. */
export function readArchive(bytes: Uint8Array): ArchiveRead {
  const members: ArchiveMember[] = []
  let at = 0
  while (true) {
    const block = bytes.subarray(at, at + BLOCK_BYTES)
    if (members.length > 0 && block.every((byte) => byte === 0)) break
    if (members.length === 0 && !beginsHeader(block)) return { kind: 'no-archive' }
    if (block.byteLength < BLOCK_BYTES) return { kind: 'cut', wanted: at + BLOCK_BYTES + END_BYTES }
    const header = readHeader(block)
    if (header === undefined) return { kind: 'altered', part: partAt(members) }
    const { name, byteLength } = header
    const end = at + BLOCK_BYTES + padded(byteLength)
    if (end + END_BYTES > bytes.byteLength) return { kind: 'cut', wanted: end + END_BYTES }
    const start = at + BLOCK_BYTES
    const padding = bytes.subarray(start + byteLength, end)
    if (padding.some((byte) => byte !== 0)) {
      return { kind: 'altered', part: `the padding behind ${name}` }
    }
    members.push({ name, bytes: bytes.subarray(start, start + byteLength) })
    at = end
  }
  const end = bytes.subarray(at)
  if (end.byteLength < END_BYTES) return { kind: 'cut', wanted: at + END_BYTES }
  if (end.byteLength > END_BYTES || end.some((byte) => byte !== 0)) {
    return { kind: 'altered', part: 'the end of the archive' }
  }
  return { kind: 'read', members }
}

function partAt(members: readonly ArchiveMember[]): string {
  const last = members.at(-1)
  return last === undefined ? 'the first header' : `the header behind ${last.name}`
}

function padded(byteLength: number): number {
  return Math.ceil(byteLength / BLOCK_BYTES) * BLOCK_BYTES
}

/** Whether the bytes can be the beginning of a header: a file may be cut anywhere in it. */
function beginsHeader(block: Uint8Array): boolean {
  const { at, byteLength } = FIELDS.magic
  const magic = block.subarray(at, at + byteLength)
  return block.byteLength > 0 && magic.every((byte, index) => byte === MAGIC.charCodeAt(index))
}

/** The name and length in a header, if it is the header that `headerOf` makes for these two. */
function readHeader(
  block: Uint8Array,
): { readonly name: string; readonly byteLength: number } | undefined {
  const name = asciiText(field(block, 'name')).replace(/\0.*$/s, '')
  const size = /^([0-7]{11})\0$/.exec(asciiText(field(block, 'size')))?.[1]
  if (!NAME.test(name) || size === undefined) return undefined
  const byteLength = Number.parseInt(size, 8)
  const wanted = headerOf(name, byteLength)
  return block.every((byte, index) => byte === wanted[index]) ? { name, byteLength } : undefined
}

const NAME = /^[!-.0-~]{1,99}$/
const MAGIC = 'ustar\x0000'

function headerOf(name: string, byteLength: number): Uint8Array {
  if (!NAME.test(name)) throw new RangeError(`'${name}' cannot name a member of an archive`)
  const header = new Uint8Array(BLOCK_BYTES)
  put(header, 'name', name)
  put(header, 'mode', `${octal(0o644, 7)}\0`)
  put(header, 'owner', `${octal(0, 7)}\0`)
  put(header, 'group', `${octal(0, 7)}\0`)
  put(header, 'size', `${octal(byteLength, 11)}\0`)
  put(header, 'time', `${octal(0, 11)}\0`)
  put(header, 'type', '0')
  put(header, 'magic', MAGIC)
  // The sum counts its own field as spaces.
  const spaces = CHECKSUM.byteLength * ' '.charCodeAt(0)
  const sum = header.reduce((total, byte) => total + byte, spaces)
  const digits = `${octal(sum, 6)}\0 `
  for (let index = 0; index < digits.length; index += 1) {
    header[CHECKSUM.at + index] = digits.charCodeAt(index)
  }
  return header
}

function put(header: Uint8Array, name: FieldName, text: string): void {
  for (let index = 0; index < text.length; index += 1) {
    header[FIELDS[name].at + index] = text.charCodeAt(index)
  }
}

function field(block: Uint8Array, name: FieldName): Uint8Array {
  const { at, byteLength } = FIELDS[name]
  return block.subarray(at, at + byteLength)
}

function octal(value: number, digits: number): string {
  const text = value.toString(8).padStart(digits, '0')
  if (text.length > digits) throw new RangeError(`${value} is too large for a field of an archive`)
  return text
}

function asciiText(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}
