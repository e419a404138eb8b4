import { DebugInfoFault } from './debug-info-refusal.ts'

/** Longer than any LEB128 number of 64 bits. */
const MOST_LEB_BYTES = 10

/** Reads a section of DWARF from one place on. Throws `DebugInfoFault` at the section's end. */
export class ByteCursor {
  readonly section: string
  readonly bytes: Uint8Array
  readonly #view: DataView
  readonly #end: number
  at: number

  constructor(section: string, bytes: Uint8Array, at: number, end: number = bytes.length) {
    this.section = section
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#end = end
    this.at = at
    if (at > end || end > bytes.length) this.fault(`the place ${at}`, `one up to ${bytes.length}`)
  }

  get isAtEnd(): boolean {
    return this.at >= this.#end
  }

  skip(byteLength: number): void {
    if (byteLength > this.#end - this.at) {
      this.fault(`${byteLength} bytes`, `at most ${this.#end - this.at}`)
    }
    this.at += byteLength
  }

  u8(): number {
    const at = this.#take(1)
    return this.bytes[at] ?? 0
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true)
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true)
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true)
  }

  /** DWARF 5, 7.6: an unsigned LEB128 number that a `number` counts exactly. */
  uleb(): number {
    const first = this.u8()
    if (first < 0x80) return first
    this.at -= 1
    const value = Number(this.ulebWide())
    if (!Number.isSafeInteger(value)) this.fault('a number of more than 53 bits', 'a smaller one')
    return value
  }

  /** The same, of up to 70 bits. */
  ulebWide(): bigint {
    return this.#leb(false)
  }

  /** DWARF 5, 7.6: a signed LEB128 number. */
  sleb(): bigint {
    return this.#leb(true)
  }

  /** A string up to its NUL, one character a byte. */
  string(): string {
    const end = this.bytes.indexOf(0, this.at)
    if (end < 0 || end >= this.#end) this.fault('a string', 'one that ends')
    const text = textOf(this.bytes.subarray(this.at, end))
    this.at = end + 1
    return text
  }

  skipString(): void {
    const end = this.bytes.indexOf(0, this.at)
    if (end < 0 || end >= this.#end) this.fault('a string', 'one that ends')
    this.at = end + 1
  }

  fault(found: string, wanted: string): never {
    const { section, at } = this
    throw new DebugInfoFault({ kind: 'debug-info-unreadable', section, at, found, wanted })
  }

  #take(byteLength: number): number {
    const at = this.at
    this.skip(byteLength)
    return at
  }

  #leb(signed: boolean): bigint {
    let value = 0n
    for (let index = 0; index < MOST_LEB_BYTES; index += 1) {
      const byte = this.u8()
      value |= BigInt(byte & 0x7f) << BigInt(7 * index)
      if (byte < 0x80) {
        const negative = signed && (byte & 0x40) !== 0
        return negative ? BigInt.asIntN(7 * index + 7, value) : value
      }
    }
    return this.fault('a LEB128 number without an end', `one of at most ${MOST_LEB_BYTES} bytes`)
  }
}

function textOf(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}
