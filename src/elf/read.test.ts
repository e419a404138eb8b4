import { describe, expect, it } from 'vitest'
import {
  FILE_HEADER,
  NOTE_HEADER,
  PROGRAM_HEADER,
  RELA,
  SECTION_HEADER,
  SHT,
  SYMBOL,
} from './definitions.ts'
import type { ElfFile } from './elf-file.ts'
import { readElf } from './read.ts'
import { describeElfRefusal, type ElfRefusal } from './refusal.ts'
import { MAX_NAME_BYTES } from './string-table.ts'
import type { FieldLayout } from './struct-layout.ts'
import { sampleExecutable } from './testing/sample-executable.ts'
import { SAMPLE_OBJECT } from './testing/sample-object.ts'
import { withField } from './testing/with-field.ts'
import { writeElf } from './write.ts'

const OBJECT = writeElf(SAMPLE_OBJECT)

function goodElf(bytes: Uint8Array): ElfFile {
  const result = readElf(bytes)
  if (result.kind === 'refused') throw new Error(describeElfRefusal(result.refusal))
  return result.elf
}

function refusalOf(bytes: Uint8Array): ElfRefusal {
  const result = readElf(bytes)
  if (result.kind === 'read') throw new Error('The file was read')
  return result.refusal
}

function headerAt(file: Uint8Array, section: number): number {
  return Number(new DataView(file.buffer).getBigUint64(40, true)) + section * 64
}

describe('readElf()', () => {
  const head = FILE_HEADER.fields
  const cases: [string, () => Uint8Array, Partial<ElfRefusal>][] = [
    ['no bytes at all', () => new Uint8Array(), { kind: 'truncated', found: 0n }],
    [
      'a text file',
      () => Uint8Array.from('root:x:0:0', (c) => c.charCodeAt(0)),
      { kind: 'not-elf', at: 0 },
    ],
    ['a header cut short', () => OBJECT.slice(0, 63), { kind: 'truncated', found: 63n }],
    [
      'a 32-bit file',
      () => withField(OBJECT, 4, { at: 0, width: 1 }, 1n),
      { kind: 'unsupported', field: 'class', at: 4, found: 1n },
    ],
    [
      'a big-endian file',
      () => withField(OBJECT, 5, { at: 0, width: 1 }, 2n),
      { kind: 'unsupported', field: 'data encoding' },
    ],
    [
      'another machine',
      () => withField(OBJECT, 0, head.e_machine, 0xb7n),
      { kind: 'unsupported', field: 'e_machine', found: 0xb7n },
    ],
    [
      'section headers behind the end',
      () => withField(OBJECT, 0, head.e_shoff, 1n << 62n),
      { kind: 'out-of-bounds', field: 'e_shoff' },
    ],
    [
      'an offset that wraps with its size',
      () => withField(OBJECT, 0, head.e_shoff, (1n << 64n) - 64n),
      { kind: 'out-of-bounds', field: 'e_shoff' },
    ],
    [
      'more section headers than fit',
      () => withField(OBJECT, 0, head.e_shnum, 0xfeffn),
      { kind: 'out-of-bounds', field: 'e_shnum' },
    ],
    [
      'extended section numbering',
      () => withField(OBJECT, 0, head.e_shnum, 0n),
      { kind: 'unsupported', field: 'e_shnum' },
    ],
    [
      'a name table that is none',
      () => withField(OBJECT, 0, head.e_shstrndx, 1n),
      { kind: 'bad-index', field: 'e_shstrndx' },
    ],
    [
      'section headers of another size',
      () => withField(OBJECT, 0, head.e_shentsize, 40n),
      { kind: 'bad-value', field: 'e_shentsize' },
    ],
    [
      'more program headers than fit',
      () => withField(writeElf(sampleExecutable()), 0, head.e_phnum, 0xfffen),
      { kind: 'out-of-bounds', field: 'e_phnum' },
    ],
    [
      'a segment with more bytes than memory',
      () => withField(writeElf(sampleExecutable()), 64, PROGRAM_HEADER.fields.p_memsz, 1n),
      { kind: 'bad-value', field: 'p_memsz', part: 'program header 0' },
    ],
    [
      'a segment around the end of memory',
      () =>
        withField(
          writeElf(sampleExecutable()),
          64,
          PROGRAM_HEADER.fields.p_vaddr,
          (1n << 64n) - 16n,
        ),
      { kind: 'wraps' },
    ],
    [
      'a section that leaves the file',
      () => withField(OBJECT, headerAt(OBJECT, 1), SECTION_HEADER.fields.sh_size, 1n << 40n),
      { kind: 'out-of-bounds', field: 'sh_size', part: 'section header 1' },
    ],
    [
      'a section around the end of memory',
      () =>
        withField(OBJECT, headerAt(OBJECT, 3), SECTION_HEADER.fields.sh_addr, (1n << 64n) - 64n),
      { kind: 'wraps', part: 'section header 3' },
    ],
    [
      'an alignment that is no power of two',
      () => withField(OBJECT, headerAt(OBJECT, 1), SECTION_HEADER.fields.sh_addralign, 12n),
      { kind: 'bad-value', field: 'sh_addralign' },
    ],
    [
      'a section name behind the table',
      () => withField(OBJECT, headerAt(OBJECT, 1), SECTION_HEADER.fields.sh_name, 0xffffn),
      { kind: 'bad-name', field: 'sh_name' },
    ],
    [
      'sections that share bytes',
      () => withField(OBJECT, headerAt(OBJECT, 2), SECTION_HEADER.fields.sh_offset, 0x44n),
      { kind: 'overlap', part: 'section header 2' },
    ],
    [
      'a second symbol table',
      () => withField(OBJECT, headerAt(OBJECT, 5), SECTION_HEADER.fields.sh_type, 2n),
      { kind: 'bad-value', field: 'sh_type' },
    ],
    [
      'symbols of another size',
      () => withField(OBJECT, headerAt(OBJECT, 7), SECTION_HEADER.fields.sh_entsize, 16n),
      { kind: 'bad-value', field: 'sh_entsize' },
    ],
    [
      'symbol names that are no string table',
      () => withField(OBJECT, headerAt(OBJECT, 7), SECTION_HEADER.fields.sh_link, 1n),
      { kind: 'bad-index', field: 'sh_link' },
    ],
    [
      'more local symbols than symbols',
      () => withField(OBJECT, headerAt(OBJECT, 7), SECTION_HEADER.fields.sh_info, 8n),
      { kind: 'bad-index', field: 'sh_info' },
    ],
    [
      'relocations without addends',
      () => withField(OBJECT, headerAt(OBJECT, 5), SECTION_HEADER.fields.sh_type, 9n),
      { kind: 'unsupported', found: 9n },
    ],
    [
      'relocations of no section',
      () => withField(OBJECT, headerAt(OBJECT, 5), SECTION_HEADER.fields.sh_info, 0n),
      { kind: 'bad-index', field: 'sh_info' },
    ],
  ]
  it.each(cases)('refuses %s', (_, make, wanted) => {
    expect(refusalOf(make())).toMatchObject(wanted)
  })

  const table = (type: number) =>
    goodElf(OBJECT).sections.find((section) => section.type === type)?.fileOffset ?? 0
  const entries: [string, number, FieldLayout, bigint, Partial<ElfRefusal>][] = [
    [
      'a symbol in no section',
      table(SHT.SYMTAB) + 24 * 3,
      SYMBOL.fields.st_shndx,
      0x99n,
      { kind: 'bad-index', part: 'symbol 3' },
    ],
    [
      'a symbol of an unknown type',
      table(SHT.SYMTAB) + 24 * 3,
      SYMBOL.fields.st_info,
      0x0fn,
      { kind: 'bad-value', field: 'st_info' },
    ],
    [
      'a symbol that leaves its section',
      table(SHT.SYMTAB) + 24 * 3,
      SYMBOL.fields.st_size,
      17n,
      { kind: 'out-of-bounds', part: 'symbol 3' },
    ],
    [
      'a symbol around the end of memory',
      table(SHT.SYMTAB) + 24 * 3,
      SYMBOL.fields.st_value,
      (1n << 64n) - 1n,
      { kind: 'wraps' },
    ],
    [
      'a symbol name behind the table',
      table(SHT.SYMTAB) + 24 * 3,
      SYMBOL.fields.st_name,
      1n << 31n,
      { kind: 'bad-name', field: 'st_name' },
    ],
    [
      'a relocation that leaves its section',
      table(SHT.RELA),
      RELA.fields.r_offset,
      3n,
      { kind: 'out-of-bounds', field: 'r_offset' },
    ],
    [
      'a relocation against no symbol there is',
      table(SHT.RELA),
      RELA.fields.r_info,
      (7n << 32n) | 4n,
      { kind: 'bad-index', found: 7n },
    ],
    [
      'a note whose name leaves it',
      table(SHT.NOTE),
      NOTE_HEADER.fields.n_namesz,
      0xffff_ffffn,
      { kind: 'out-of-bounds', field: 'n_namesz' },
    ],
    [
      'a note whose descriptor leaves it',
      table(SHT.NOTE),
      NOTE_HEADER.fields.n_descsz,
      0xffff_ffffn,
      { kind: 'out-of-bounds', field: 'n_descsz' },
    ],
    [
      'a note whose owner does not end',
      table(SHT.NOTE),
      NOTE_HEADER.fields.n_namesz,
      4n,
      { kind: 'bad-name', field: 'n_namesz' },
    ],
  ]
  it.each(entries)('refuses %s', (_, at, field, value, wanted) => {
    expect(refusalOf(withField(OBJECT, at, field, value))).toMatchObject(wanted)
  })

  it('refuses names that are too long to be any, and control characters in names', () => {
    const section = { name: '', type: SHT.PROGBITS, flags: 0n, content: new Uint8Array(1) }
    const named = (name: string) =>
      writeElf({ type: 'relocatable', sections: [{ ...section, name }] })
    const longest = 'x'.repeat(MAX_NAME_BYTES)
    expect(goodElf(named(longest)).sections[1]?.name).toBe(longest)
    expect(refusalOf(named(`${longest}x`))).toMatchObject({ kind: 'bad-name', field: 'sh_name' })
    const spoilt = named('.text')
    spoilt[spoilt.indexOf(0x74)] = 0x1b
    expect(refusalOf(spoilt)).toMatchObject({ kind: 'bad-name', field: 'sh_name' })
  })

  it('says in one sentence which field is wrong, where, and what it should hold', () => {
    const bytes = withField(OBJECT, 0, head.e_machine, 3n)
    expect(describeElfRefusal(refusalOf(bytes))).toBe(
      'Cannot read the ELF file: e_machine in the file header (byte 18) is 0x3, wanted 0x3e (x86-64)',
    )
  })

  it('gives views of the bytes it was given', () => {
    const padded = new Uint8Array(OBJECT.length + 7)
    padded.set(OBJECT, 7)
    const view = padded.subarray(7)
    expect(goodElf(view).sections[1]?.bytes).toEqual(Uint8Array.of(0xe8, 0, 0, 0, 0, 0xc3))
    expect(goodElf(view).sections[1]?.bytes?.buffer).toBe(padded.buffer)
  })
})
