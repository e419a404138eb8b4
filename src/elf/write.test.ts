import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NT_GNU_BUILD_ID, PF, PT, SHF, SHT } from './definitions.ts'
import { type ElfDraft, ElfDraftError, type SectionDraft, type SymbolDraft } from './draft.ts'
import type { ElfFile } from './elf-file.ts'
import { encodeNote } from './note.ts'
import { readElf } from './read.ts'
import { describeElfRefusal } from './refusal.ts'
import { SAMPLE_OBJECT } from './testing/sample-object.ts'
import { writeElf } from './write.ts'

function roundTrip(draft: ElfDraft): ElfFile {
  const result = readElf(writeElf(draft))
  if (result.kind === 'refused') throw new Error(describeElfRefusal(result.refusal))
  return result.elf
}

const name = fc.stringMatching(/^[a-z_.][a-z0-9_.]{0,12}$/)

const section: fc.Arbitrary<SectionDraft> = fc
  .record({
    name,
    content: fc.uint8Array({ maxLength: 40 }),
    alignment: fc.constantFrom(1, 4, 16),
    noBits: fc.boolean(),
  })
  .map(({ name, content, alignment, noBits }) => ({
    name,
    type: noBits ? SHT.NOBITS : SHT.PROGBITS,
    flags: SHF.ALLOC,
    alignment,
    content: noBits ? { byteLength: content.length } : content,
  }))

/** Objects with symbols and relocations that lie inside their sections. */
const draft: fc.Arbitrary<ElfDraft> = fc
  .record({
    sections: fc.array(section, { minLength: 1, maxLength: 5 }),
    seeds: fc.array(fc.record({ name, where: fc.nat(4), global: fc.boolean(), size: fc.nat(40) }), {
      maxLength: 8,
    }),
    addends: fc.array(fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }), { maxLength: 4 }),
  })
  .map(({ sections, seeds, addends }) => {
    const symbols = seeds.map(({ name, where, global, size }): SymbolDraft => {
      const section = sections[where]
      const byteLength = BigInt(Math.min(size, section?.content.byteLength ?? 0))
      const binding = global ? 'global' : 'local'
      return {
        name,
        kind: 'object',
        binding,
        section: section ?? 'undefined',
        value: 0n,
        byteLength,
      }
    })
    const target = sections.find((section) => section.content.byteLength >= 8)
    const relocations = addends.flatMap((addend, index) => {
      const symbol = symbols[index]
      return [{ offset: 0n, type: 1, addend, ...(symbol === undefined ? {} : { symbol }) }]
    })
    const relocationTables = target === undefined ? [] : [{ target, relocations }]
    return { type: 'relocatable', sections, symbols, relocationTables }
  })

describe('writeElf()', () => {
  it('writes what readElf() reads back, for any object', () => {
    fc.assert(
      fc.property(draft, (draft) => {
        const elf = roundTrip(draft)
        const written = elf.sections.slice(1, draft.sections.length + 1)
        expect(written.map(({ name, type, flags }) => ({ name, type, flags }))).toEqual(
          draft.sections.map(({ name, type, flags }) => ({ name, type, flags })),
        )
        for (const [index, { content }] of draft.sections.entries()) {
          const bytes = content instanceof Uint8Array ? content : undefined
          expect(written[index]?.bytes).toEqual(bytes)
          expect(written[index]?.byteLength).toBe(BigInt(content.byteLength))
        }
        const symbols = draft.symbols ?? []
        const names = (list: readonly { name: string }[]) => list.map(({ name }) => name)
        expect(names(elf.symbols.slice(1))).toEqual([
          ...names(symbols.filter(({ binding }) => binding === 'local')),
          ...names(symbols.filter(({ binding }) => binding !== 'local')),
        ])
        const [table] = draft.relocationTables ?? []
        const [readTable] = elf.relocationTables
        expect(
          readTable?.relocations.map(({ addend, symbol }) => [addend, elf.symbols[symbol]?.name]),
        ).toEqual(table?.relocations.map(({ addend, symbol }) => [addend, symbol?.name ?? '']))
      }),
      { seed: 0x5eed01, numRuns: 200 },
    )
  })

  it('keeps the distances of memory inside a segment of the file', () => {
    const code: SectionDraft = {
      name: '.text',
      type: SHT.PROGBITS,
      flags: SHF.ALLOC | SHF.EXECINSTR,
      address: 0x20_1000n,
      alignment: 4096,
      content: Uint8Array.of(0xc3),
    }
    const note: SectionDraft = {
      name: '.note.gnu.build-id',
      type: SHT.NOTE,
      flags: SHF.ALLOC,
      address: 0x20_1010n,
      alignment: 4,
      content: encodeNote({
        owner: 'GNU',
        type: NT_GNU_BUILD_ID,
        descriptor: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
      }),
    }
    const bss: SectionDraft = {
      name: '.bss',
      type: SHT.NOBITS,
      flags: SHF.ALLOC | SHF.WRITE,
      address: 0x20_2000n,
      alignment: 4096,
      content: { byteLength: 0x500 },
    }
    const elf = roundTrip({
      type: 'executable',
      entry: 0x20_1000n,
      sections: [code, note, bss],
      segments: [
        { type: PT.LOAD, flags: PF.R | PF.X, sections: [code, note, bss], alignment: 0x1000 },
        { type: PT.NOTE, flags: PF.R, sections: [note], physicalStart: 0x1010n },
      ],
    })
    const [load, notes] = elf.segments
    expect(elf).toMatchObject({ type: 'executable', entry: 0x20_1000n })
    expect(load).toMatchObject({ fileOffset: 0x1000, memoryBytes: 0x1500n })
    expect(load?.bytes).toHaveLength(0x28)
    expect(notes).toMatchObject({ fileOffset: 0x1010, physicalStart: 0x1010n })
    expect(elf.notes).toMatchObject([{ owner: 'GNU', type: 3, descriptorAt: 16 }])
    expect(elf.notes[0]?.descriptor).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))
  })

  it('gives equal bytes for equal drafts', () => {
    expect(writeElf(SAMPLE_OBJECT)).toEqual(writeElf({ ...SAMPLE_OBJECT }))
  })

  const lone = { name: '.x', type: SHT.PROGBITS, flags: 0n, content: new Uint8Array(4) }
  const stray: SymbolDraft = {
    name: 'stray',
    kind: 'object',
    binding: 'local',
    section: lone,
    value: 0n,
  }
  it.each<[string, Partial<ElfDraft>]>([
    ['a symbol in a section that is not listed', { symbols: [stray] }],
    [
      'relocations for a section that is not listed',
      {
        relocationTables: [{ target: lone, relocations: [] }],
      },
    ],
    [
      'a relocation against a symbol that is not listed',
      {
        sections: [lone],
        relocationTables: [
          { target: lone, relocations: [{ offset: 0n, type: 1, symbol: stray, addend: 0n }] },
        ],
      },
    ],
    ['a section listed twice', { sections: [lone, lone] }],
    ['a symbol listed twice', { sections: [lone], symbols: [stray, stray] }],
    ['an alignment that is no power of two', { sections: [{ ...lone, alignment: 3 }] }],
    [
      'an address that breaks the alignment',
      {
        sections: [{ ...lone, alignment: 8, address: 4n }],
      },
    ],
    ['bytes in a section of type NOBITS', { sections: [{ ...lone, type: SHT.NOBITS }] }],
    ['a name that is not printable', { sections: [{ ...lone, name: '\u0007' }] }],
    [
      'a segment of a section that is not listed',
      {
        segments: [{ type: PT.LOAD, flags: 0, sections: [lone] }],
      },
    ],
  ])('refuses %s', (_, part) => {
    const draft: ElfDraft = { type: 'relocatable', sections: [], ...part }
    expect(() => writeElf(draft)).toThrow(ElfDraftError)
  })

  it('refuses a number that does not fit its field', () => {
    const symbols = [{ ...stray, value: 1n << 64n }]
    expect(() => writeElf({ type: 'relocatable', sections: [lone], symbols })).toThrow(RangeError)
  })
})
