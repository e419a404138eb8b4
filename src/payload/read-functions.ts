import { type VirtualAddress, virtualAddress } from '../address/address.ts'
import { R_X86_64 } from '../elf/definitions.ts'
import type { ElfFile, ElfSection } from '../elf/elf-file.ts'
import { readStruct, viewOf } from '../elf/struct-layout.ts'
import {
  EXPECTED_AT,
  FUNC_V1,
  FUNC_V2,
  funcBytes,
  JUMP_BYTES,
  LIVEPATCH,
  MAX_NOP_BYTES,
} from './livepatch-format.ts'
import type { PayloadFunction, PayloadVersion } from './payload.ts'
import type { PayloadRefusal } from './payload-refusal.ts'
import type { Reference, References } from './references.ts'
import { sectionArea } from './section-area.ts'

export interface FunctionTable {
  readonly version: PayloadVersion
  readonly functions: readonly PayloadFunction[]
}

type Step<T> =
  | { readonly kind: 'read'; readonly value: T }
  | { readonly kind: 'refused'; readonly refusal: PayloadRefusal }

/** Reads `.livepatch.funcs`, whose first entry tells the version of all. */
export function readFunctions(
  elf: ElfFile,
  section: ElfSection,
  references: References,
): Step<FunctionTable> {
  const { bytes } = section
  if (bytes === undefined || bytes.length < FUNC_V1.byteLength) {
    return badSize(section, `at least ${FUNC_V1.byteLength}`)
  }
  const version = bytes[FUNC_V1.fields.version.at] ?? 0
  if (version !== 1 && version !== 2) {
    return refuse({ kind: 'unknown-version', function: 0, found: version })
  }
  const entryBytes = funcBytes(version)
  if (bytes.length % entryBytes !== 0) return badSize(section, `a multiple of ${entryBytes}`)
  const functions: PayloadFunction[] = []
  const holes = new Set<number>()
  for (let index = 0; index * entryBytes < bytes.length; index += 1) {
    const entry = new Entry(elf, section, references, version, index)
    const read = entry.read()
    if (read.kind === 'refused') return read
    functions.push(read.value)
    for (const at of entry.holes) holes.add(at)
  }
  const stray = references.in(section.index).find(({ offset }) => !holes.has(Number(offset)))
  if (stray !== undefined) {
    const { offset, type } = stray
    const found = 'fills no pointer of an entry'
    return refuse({ kind: 'bad-relocation', section: section.name, offset, type, found })
  }
  return { kind: 'read', value: { version, functions } }
}

/** One entry, while it is read. */
class Entry {
  readonly #elf: ElfFile
  readonly #section: number
  readonly #references: References
  readonly #version: PayloadVersion
  readonly #index: number
  readonly #at: number
  readonly #bytes: Uint8Array

  constructor(
    elf: ElfFile,
    section: ElfSection,
    references: References,
    version: PayloadVersion,
    index: number,
  ) {
    const entryBytes = funcBytes(version)
    this.#elf = elf
    this.#section = section.index
    this.#references = references
    this.#version = version
    this.#index = index
    this.#at = index * entryBytes
    this.#bytes = (section.bytes ?? new Uint8Array()).subarray(this.#at, this.#at + entryBytes)
  }

  /** Where in the section relocations may stand. */
  get holes(): readonly number[] {
    const { name, new_addr, old_addr } = FUNC_V1.fields
    return [name, new_addr, old_addr].map(({ at }) => this.#at + at)
  }

  read(): Step<PayloadFunction> {
    const raw = readStruct(viewOf(this.#bytes), 0, FUNC_V1)
    if (raw.version !== this.#version) {
      return refuse({ kind: 'unknown-version', function: this.#index, found: raw.version })
    }
    const name = this.#readName()
    if (name.kind === 'refused') return name
    const code = this.#readCode(raw.new_addr, raw.new_size)
    if (code.kind === 'refused') return code
    const oldAddress = this.#readOldAddress(raw.old_addr, name.value)
    if (oldAddress.kind === 'refused') return oldAddress

    const sizes = checkSizes(name.value, code.value !== undefined, raw.new_size, raw.old_size)
    if (sizes !== undefined) return refuse(sizes)
    const reserved = this.#bytes
      .subarray(RESERVED_AT, this.#version === 1 ? undefined : FUNC_V2.fields.expect.at)
      .findIndex((byte) => byte !== 0)
    if (reserved !== -1) {
      const at = RESERVED_AT + reserved
      return refuse({ kind: 'reserved-not-zero', function: name.value, at })
    }
    const expected = this.#readExpected(name.value, raw.old_size)
    if (expected.kind === 'refused') return expected
    return {
      kind: 'read',
      value: {
        name: name.value,
        oldAddress: oldAddress.value,
        oldByteLength: raw.old_size,
        code: code.value,
        newByteLength: raw.new_size,
        expected: expected.value,
      },
    }
  }

  #readName(): Step<string> {
    const target = this.#pointer(FUNC_V1.fields.name.at)
    if (target?.kind !== 'section') return this.#badPointer('name', 'leads to no string')
    const bytes = this.#elf.sections[target.section]?.bytes
    const name = bytes === undefined ? undefined : stringAt(bytes, target.offset)
    if (name === undefined) return this.#badPointer('name', 'leads to no printable string')
    return { kind: 'read', value: name }
  }

  #readCode(found: bigint, newByteLength: number): Step<PayloadFunction['code']> {
    const field = FUNC_V1.fields.new_addr.at
    if (this.#relocation(field) === undefined) {
      return found === 0n
        ? { kind: 'read', value: undefined }
        : this.#badPointer('new_addr', 'is an address that no relocation fills')
    }
    const target = this.#pointer(field)
    const holder = target?.kind === 'section' ? this.#elf.sections[target.section] : undefined
    if (
      target?.kind !== 'section' ||
      holder === undefined ||
      sectionArea(holder.flags) !== 'code'
    ) {
      return this.#badPointer('new_addr', 'leads to no code of the payload')
    }
    const { section, offset } = target
    if (offset < 0 || offset + newByteLength > Number(holder.byteLength)) {
      return this.#badPointer('new_addr', `and the new size leave ${holder.name}`)
    }
    return { kind: 'read', value: { section, offset } }
  }

  /** Undefined where Xen looks up the function's name, which a relocation may ask for as well. */
  #readOldAddress(found: bigint, name: string): Step<VirtualAddress | undefined> {
    const field = FUNC_V1.fields.old_addr.at
    if (this.#relocation(field) === undefined) {
      return { kind: 'read', value: found === 0n ? undefined : virtualAddress(found) }
    }
    const target = this.#pointer(field)
    if (target?.kind === 'address') {
      return { kind: 'read', value: virtualAddress(target.address) }
    }
    if (target?.kind === 'name' && target.name === name && target.addend === 0n) {
      return { kind: 'read', value: undefined }
    }
    return this.#badPointer('old_addr', 'leads to something other than the function by its name')
  }

  #readExpected(name: string, oldByteLength: number): Step<Uint8Array | undefined> {
    if (this.#version === 1) return { kind: 'read', value: undefined }
    const flags = this.#bytes[FUNC_V2.fields.expect.at] ?? 0
    const refuseIt = (found: string): Step<never> =>
      refuse({ kind: 'bad-expectation', function: name, found })
    if (flags >> 6 !== 0) return refuseIt('has reserved bits set')
    const byteLength = (flags >> 1) & 31
    const data = this.#bytes.subarray(EXPECTED_AT)
    if ((flags & 1) === 0) {
      return flags === 0 && data.every((byte) => byte === 0)
        ? { kind: 'read', value: undefined }
        : refuseIt('has bytes but is not enabled')
    }
    if (byteLength > oldByteLength) {
      return refuseIt(`has ${byteLength} bytes, and the function ${oldByteLength}`)
    }
    if (data.subarray(byteLength).some((byte) => byte !== 0)) {
      return refuseIt('has bytes behind its length')
    }
    return { kind: 'read', value: data.subarray(0, byteLength) }
  }

  #relocation(field: number): ReturnType<References['at']> {
    return this.#references.at(this.#section, this.#at + field)
  }

  #pointer(field: number): Reference | undefined {
    const relocation = this.#relocation(field)
    return relocation?.type === R_X86_64[64] ? this.#references.target(relocation) : undefined
  }

  #badPointer(field: 'name' | 'new_addr' | 'old_addr', found: string): Step<never> {
    return refuse({ kind: 'bad-pointer', function: this.#index, field, found })
  }
}

/** Behind the version, up to the expectation or the end. */
const RESERVED_AT = FUNC_V1.fields.version.at + 1

/** `prepare_payload` and `arch_livepatch_verify_func`, without what only the image tells. */
function checkSizes(
  name: string,
  hasCode: boolean,
  newByteLength: number,
  oldByteLength: number,
): PayloadRefusal | undefined {
  const refuseOld = (wanted: string): PayloadRefusal => ({
    kind: 'bad-function-size',
    function: name,
    field: 'old_size',
    foundBytes: oldByteLength,
    wanted,
  })
  if (oldByteLength === 0) return refuseOld('more than 0')
  if (hasCode) {
    if (oldByteLength < JUMP_BYTES) return refuseOld(`at least ${JUMP_BYTES}, for a jump`)
    if (newByteLength > 0) return undefined
  } else if (newByteLength > 0 && newByteLength <= MAX_NOP_BYTES) {
    return oldByteLength < newByteLength
      ? refuseOld('at least as many as there are NOPs')
      : undefined
  }
  return {
    kind: 'bad-function-size',
    function: name,
    field: 'new_size',
    foundBytes: newByteLength,
    wanted: hasCode ? 'more than 0' : `from 1 to ${MAX_NOP_BYTES} for NOPs`,
  }
}

/** A string of printable ASCII, ended by a NUL inside `bytes`. */
function stringAt(bytes: Uint8Array, offset: number): string | undefined {
  if (offset < 0 || offset >= bytes.length) return undefined
  const end = bytes.indexOf(0, offset)
  if (end <= offset) return undefined
  const letters = bytes.subarray(offset, end)
  if (letters.some((letter) => letter < 0x21 || letter > 0x7e)) return undefined
  return String.fromCharCode(...letters.subarray(0, MAX_NAME_BYTES))
}

/** Longer than any name that Xen knows; more would only be refused later. */
const MAX_NAME_BYTES = 512

function badSize(section: ElfSection, wanted: string): Step<never> {
  const foundBytes = section.byteLength
  return refuse({ kind: 'bad-section-size', section: LIVEPATCH.FUNCS, foundBytes, wanted })
}

function refuse(refusal: PayloadRefusal): {
  readonly kind: 'refused'
  readonly refusal: PayloadRefusal
} {
  return { kind: 'refused', refusal }
}
