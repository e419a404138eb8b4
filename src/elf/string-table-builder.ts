import { ElfDraftError } from './draft.ts'

/** Collects names for a string table (gABI: String Table), each distinct one once. */
export class StringTableBuilder {
  readonly #offsets = new Map<string, number>([['', 0]])
  readonly #bytes: number[] = [0]

  /** The offset of the name, which is added when it is new. */
  add(name: string): number {
    const known = this.#offsets.get(name)
    if (known !== undefined) return known
    if (!/^[\x20-\x7e]*$/.test(name)) {
      throw new ElfDraftError(`Cannot write the name ${JSON.stringify(name)}: not printable ASCII`)
    }
    const offset = this.#bytes.length
    for (const letter of name) this.#bytes.push(letter.charCodeAt(0))
    this.#bytes.push(0)
    this.#offsets.set(name, offset)
    return offset
  }

  /** The table with all names added so far. */
  toBytes(): Uint8Array {
    return Uint8Array.from(this.#bytes)
  }
}
