import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
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
import { describeElfRefusal } from './refusal.ts'
import type { FieldLayout, StructLayout } from './struct-layout.ts'
import { sampleExecutable } from './testing/sample-executable.ts'
import { SAMPLE_OBJECT } from './testing/sample-object.ts'
import { withField } from './testing/with-field.ts'
import { writeElf } from './write.ts'

const OBJECT = writeElf(SAMPLE_OBJECT)
const COMPILED = new Uint8Array(readFileSync(new URL('testing/compiled-object.o', import.meta.url)))
const FILES = [OBJECT, COMPILED, writeElf(sampleExecutable())]

/** What the reader promises of every outcome and did not keep for these bytes. */
function brokenPromises(bytes: Uint8Array): string[] {
  const result = readElf(bytes)
  if (result.kind === 'refused') {
    const sentence = describeElfRefusal(result.refusal)
    const shape = /^Cannot read the ELF file: .+ in .+ \(byte \d+\) is 0x[0-9a-f]+, wanted .+$/
    return shape.test(sentence) ? [] : [sentence]
  }
  const { sections, symbols, relocationTables, notes } = result.elf
  const broken: string[] = []
  for (const { index, bytes: content, fileOffset, byteLength } of sections) {
    const inFile = content === undefined || fileOffset + content.length <= bytes.length
    const whole = content === undefined || BigInt(content.length) === byteLength
    if (!inFile || !whole) broken.push(`section ${index}`)
  }
  for (const { index, section } of symbols) {
    if (typeof section === 'number' && section >= sections.length) broken.push(`symbol ${index}`)
  }
  for (const { section, target, relocations } of relocationTables) {
    if (target >= sections.length) broken.push(`target of section ${section}`)
    const stray = relocations.some(({ symbol }) => symbol !== 0 && symbol >= symbols.length)
    if (stray) broken.push(`relocations of section ${section}`)
  }
  if (notes.some((note) => note.section >= sections.length)) broken.push('notes')
  return broken
}

const ENTRIES: ReadonlyMap<number, StructLayout> = new Map<number, StructLayout>([
  [SHT.SYMTAB, SYMBOL],
  [SHT.RELA, RELA],
])

interface FieldPlace {
  readonly at: number
  readonly field: FieldLayout
}

/** Every field of every structure in the file. */
function fieldPlaces(file: Uint8Array, elf: ElfFile): FieldPlace[] {
  const headersAt = new DataView(file.buffer, file.byteOffset).getBigUint64(
    FILE_HEADER.fields.e_shoff.at,
    true,
  )
  const structures: { layout: StructLayout; at: number }[] = [{ layout: FILE_HEADER, at: 0 }]
  for (const index of elf.segments.keys()) {
    const at = FILE_HEADER.byteLength + index * PROGRAM_HEADER.byteLength
    structures.push({ layout: PROGRAM_HEADER, at })
  }
  for (const { index, type, fileOffset, bytes } of elf.sections) {
    const at = Number(headersAt) + index * SECTION_HEADER.byteLength
    structures.push({ layout: SECTION_HEADER, at })
    if (type === SHT.NOTE) structures.push({ layout: NOTE_HEADER, at: fileOffset })
    const layout = ENTRIES.get(type)
    if (layout === undefined) continue
    for (let entry = 0; entry < (bytes?.length ?? 0); entry += layout.byteLength) {
      structures.push({ layout, at: fileOffset + entry })
    }
  }
  return structures.flatMap(({ layout, at }) =>
    Object.values(layout.fields).map((field) => ({ at, field })),
  )
}

describe('readElf() on spoilt files', () => {
  it('gives a value for every truncation', () => {
    for (const file of FILES) {
      for (let length = 0; length < file.length; length += 1) {
        expect(brokenPromises(file.slice(0, length))).toEqual([])
      }
    }
  })

  it('gives a value for every single flipped bit', () => {
    for (let bit = 0; bit < OBJECT.length * 8; bit += 1) {
      const copy = OBJECT.slice()
      copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(brokenPromises(copy)).toEqual([])
    }
  })

  it('gives a value for random bytes, with and without a proper beginning', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(64), (bytes, kept) => {
        const begun = bytes.slice()
        begun.set(OBJECT.subarray(0, Math.min(kept, begun.length)))
        expect(brokenPromises(bytes)).toEqual([])
        expect(brokenPromises(begun)).toEqual([])
      }),
      { seed: 0x5eed02, numRuns: 500 },
    )
  })

  it('gives a value for any fields of its structures changed to telling values', () => {
    const targets = FILES.map((file) => {
      const result = readElf(file)
      const places = result.kind === 'read' ? fieldPlaces(file, result.elf) : []
      return { file, places }
    })
    const telling = fc.oneof(
      fc.constantFrom(0n, 1n, 7n, 24n, 64n, 0xff00n, 0xffffn, 1n << 31n, (1n << 32n) - 1n),
      fc.constantFrom(1n << 53n, 1n << 63n, (1n << 64n) - 1n, (1n << 64n) - 64n),
      fc.bigInt({ min: 0n, max: 2000n }),
    )
    const spoilt = fc
      .constantFrom(...targets)
      .chain(({ file, places }) =>
        fc
          .array(fc.tuple(fc.constantFrom(...places), telling), { minLength: 1, maxLength: 4 })
          .map((changes) =>
            changes.reduce(
              (bytes, [place, value]) => withField(bytes, place.at, place.field, value),
              file,
            ),
          ),
      )
    fc.assert(
      fc.property(spoilt, (bytes) => {
        expect(brokenPromises(bytes)).toEqual([])
      }),
      { seed: 0x5eed03, numRuns: 4000 },
    )
  })
})
