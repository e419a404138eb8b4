import {
  EI,
  ELFCLASS64,
  ELFDATA2LSB,
  EM_X86_64,
  ET,
  EV_CURRENT,
  FILE_HEADER,
  MAGIC,
} from './definitions.ts'
import type { ElfType } from './elf-file.ts'
import { type Checked, type ElfField, type ElfRefused, read, refuse } from './refusal.ts'
import { readStruct, type StructValues, viewOf } from './struct-layout.ts'

export interface FileHeader {
  readonly type: ElfType
  readonly raw: StructValues<typeof FILE_HEADER>
}

const TYPES: ReadonlyMap<number, ElfType> = new Map([
  [ET.REL, 'relocatable'],
  [ET.EXEC, 'executable'],
  [ET.DYN, 'shared'],
  [ET.CORE, 'core'],
])

/** Names a field of the file header, for a refusal. */
export function headerField(name: keyof typeof FILE_HEADER.fields): ElfField {
  return { part: 'the file header', field: name, at: FILE_HEADER.fields[name].at }
}

/** Reads the header of an ELF64 little-endian file for x86-64; everything else is refused. */
export function readFileHeader(bytes: Uint8Array): Checked<FileHeader> {
  const refused = checkIdentification(bytes)
  if (refused !== undefined) return refused

  const raw = readStruct(viewOf(bytes), 0, FILE_HEADER)
  if (raw.e_machine !== EM_X86_64) {
    return refuse('unsupported', headerField('e_machine'), raw.e_machine, '0x3e (x86-64)')
  }
  if (raw.e_version !== EV_CURRENT) {
    return refuse('unsupported', headerField('e_version'), raw.e_version, '0x1')
  }
  if (raw.e_ehsize !== FILE_HEADER.byteLength) {
    return refuse('bad-value', headerField('e_ehsize'), raw.e_ehsize, '0x40')
  }
  const type = TYPES.get(raw.e_type)
  if (type === undefined) {
    return refuse('unsupported', headerField('e_type'), raw.e_type, 'a type from 0x1 to 0x4')
  }
  return read({ type, raw })
}

function checkIdentification(bytes: Uint8Array): ElfRefused | undefined {
  const wanted: readonly (readonly [number, string, number, string])[] = [
    ...MAGIC.map((byte, at) => [at, 'magic', byte, `0x${byte.toString(16)}`] as const),
    [EI.CLASS, 'class', ELFCLASS64, '0x2 (64-bit)'],
    [EI.DATA, 'data encoding', ELFDATA2LSB, '0x1 (little-endian)'],
    [EI.VERSION, 'version', EV_CURRENT, '0x1'],
  ]
  for (const [at, name, value, words] of wanted) {
    const field = { part: 'the file header', field: name, at }
    const found = bytes[at]
    if (found === undefined) break
    if (found !== value) {
      return refuse(at < MAGIC.length ? 'not-elf' : 'unsupported', field, found, words)
    }
  }
  if (bytes.length < FILE_HEADER.byteLength) {
    const field = { part: 'the file header', field: 'file length', at: bytes.length }
    return refuse('truncated', field, bytes.length, `at least ${FILE_HEADER.byteLength} bytes`)
  }
  return undefined
}
