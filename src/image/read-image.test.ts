import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { advance, virtualAddress } from '../address/address.ts'
import { SHF, SHT } from '../elf/definitions.ts'
import type { ElfDraft, SectionDraft } from '../elf/draft.ts'
import { encodeNote } from '../elf/note.ts'
import { writeElf } from '../elf/write.ts'
import { paddingBetweenFunctions } from './free-bytes.ts'
import type { ImageSymbol } from './image.ts'
import { describeImageRefusal, type ImageRefusal } from './image-refusal.ts'
import { readImage } from './read-image.ts'
import {
  SAMPLE_BUILD_ID,
  SAMPLE_START,
  sampleDraft,
  sampleImage,
  sampleImageBytes,
  type SampleSymbol,
} from './testing/sample-image.ts'

const TEXT = new Uint8Array(0x120).fill(0xc3)
const SAMPLE = {
  text: TEXT,
  symbols: [
    { name: 'outer', offset: 0x10, byteLength: 0x40 },
    { name: 'inner', offset: 0x20, byteLength: 0x10, file: 'arch/x86/entry.S' },
    { name: 'init', offset: 0x60, byteLength: 8, file: 'common/one.c' },
    { name: 'init', offset: 0x70, byteLength: 8, file: 'arch/one.c' },
    { name: 'init', offset: 0x80, byteLength: 8, file: 'common/two.c' },
    { name: 'shared', offset: 0x90, byteLength: 8 },
    { name: 'shared', offset: 0xa0, byteLength: 8, file: 'common/two.c' },
    { name: 'label', offset: 0xb0, byteLength: 0, kind: 'none' },
    { name: 'counter', offset: 0xc0, byteLength: 8, kind: 'object' },
  ],
} as const

function at(offset: number) {
  return virtualAddress(SAMPLE_START + BigInt(offset))
}

function refusalOf(bytes: Uint8Array): ImageRefusal {
  const result = readImage(bytes)
  if (result.kind === 'read') throw new Error('The image was read')
  return result.refusal
}

/** The refusal of a sample whose draft was changed. */
function refusalOfDraft(change: (draft: ElfDraft) => Partial<ElfDraft>): ImageRefusal {
  const draft = sampleDraft(SAMPLE)
  return refusalOf(writeElf({ ...draft, ...change(draft) }))
}

describe('readImage()', () => {
  const image = sampleImage(SAMPLE)

  it('reads the build-id and where it lies in the running image', () => {
    expect(image.buildId).toBe(SAMPLE_BUILD_ID)
    const bytes = image.bytesAt({ start: image.buildIdAt, byteLength: 20 })
    expect(Buffer.from(bytes ?? []).toString('hex')).toBe(SAMPLE_BUILD_ID)
  })

  it('reads the bounds and the loaded sections, and no others', () => {
    expect(image.start).toBe(SAMPLE_START)
    expect(image.byteLength).toBe(0x2240)
    expect(image.sections.map(({ name, executable }) => [name, executable])).toEqual([
      ['.text', true],
      ['.rodata', false],
      ['.note.gnu.build-id', false],
      ['.bss', false],
    ])
    expect(image.text.byteLength).toBe(0x120)
    expect(image.text.bytes).toEqual(TEXT)
  })

  it('ends the padding behind .text with its page', () => {
    expect(image.textWithPadding).toEqual({ start: at(0), byteLength: 0x1000 })
    const padding = { start: at(0x120), byteLength: 0x1000 - 0x120 }
    expect(image.bytesAt(padding)).toEqual(new Uint8Array(padding.byteLength))
  })

  it('has bytes for ranges inside one section or the padding, and for no others', () => {
    expect(image.bytesAt({ start: at(0x118), byteLength: 16 })?.[7]).toBe(0xc3)
    expect(image.bytesAt({ start: at(0xfff), byteLength: 2 })).toBeUndefined()
    expect(image.bytesAt({ start: at(0x1000), byteLength: 16 })?.[0]).toBe(0x52)
    expect(image.bytesAt({ start: at(0x2000), byteLength: 1 })).toBeUndefined()
    expect(image.bytesAt({ start: at(-1), byteLength: 1 })).toBeUndefined()
  })

  it('orders symbols by address, and names the file of static ones', () => {
    const addresses = image.symbols.map((symbol) => symbol.address)
    expect(addresses).toEqual(addresses.toSorted((a, b) => (a < b ? -1 : 1)))
    const file = (name: string) => image.symbols.find((symbol) => symbol.name === name)?.file
    expect(file('inner')).toBe('arch/x86/entry.S')
    expect(file('outer')).toBeUndefined()
  })

  it('finds a symbol by its name', () => {
    expect(image.find('outer')).toMatchObject({ kind: 'found', symbol: { address: at(0x10) } })
    expect(image.find('nothing')).toEqual({ kind: 'not-found' })
    expect(image.find('')).toEqual({ kind: 'not-found' })
  })

  it('tells static symbols of one name apart by file and folder', () => {
    const found = (offset: number) => ({ kind: 'found', symbol: { address: at(offset) } })
    expect(image.find('init')).toMatchObject({ kind: 'ambiguous', candidates: { length: 3 } })
    expect(image.find('one.c#init')).toMatchObject({ kind: 'ambiguous', candidates: { length: 2 } })
    expect(image.find('arch/one.c#init')).toMatchObject(found(0x70))
    expect(image.find('two.c#init')).toMatchObject(found(0x80))
    expect(image.find('o.c#init')).toEqual({ kind: 'not-found' })
    expect(image.find('#init')).toEqual({ kind: 'not-found' })
  })

  it('takes the global symbol where a static one has the same name', () => {
    expect(image.find('shared')).toMatchObject({ symbol: { address: at(0x90) } })
    expect(image.find('two.c#shared')).toMatchObject({ symbol: { address: at(0xa0) } })
  })

  it('knows the innermost function at an address', () => {
    const name = (offset: number) => image.functionAt(at(offset))?.name
    expect([0x0f, 0x10, 0x1f, 0x20, 0x2f, 0x30, 0x4f, 0x50].map(name)).toEqual([
      undefined,
      'outer',
      'outer',
      'inner',
      'inner',
      'outer',
      'outer',
      undefined,
    ])
    expect(name(0xb0)).toBeUndefined()
    expect(name(0xc0)).toBeUndefined()
  })

  it('finds the function that a linear scan finds, however functions overlap', () => {
    const symbol = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      offset: fc.nat(60),
      byteLength: fc.nat(30),
      kind: fc.constantFrom('function', 'function', 'function', 'object', 'none'),
    }) satisfies fc.Arbitrary<SampleSymbol>
    fc.assert(
      fc.property(fc.array(symbol, { maxLength: 12 }), (symbols) => {
        const image = sampleImage({ text: TEXT, symbols })
        for (let offset = 0; offset < 96; offset += 1) {
          expect(image.functionAt(at(offset))).toBe(scan(image.symbols, at(offset)))
        }
      }),
      { seed: 0x5eed04, numRuns: 200 },
    )
  })
})

/** The function at an address, by the rule that `Image.functionAt` documents. */
function scan(symbols: readonly ImageSymbol[], address: bigint): ImageSymbol | undefined {
  let best: ImageSymbol | undefined
  for (const symbol of symbols) {
    const end = symbol.address + BigInt(symbol.byteLength)
    if (symbol.kind !== 'function' || address < symbol.address || address >= end) continue
    if (best === undefined || symbol.address > best.address) best = symbol
  }
  return best
}

describe('readImage() refusing', () => {
  it('sends the user from the files that boot to xen-syms', () => {
    const elf32 = sampleImageBytes(SAMPLE)
    elf32[4] = 1
    expect(refusalOf(elf32)).toEqual({ kind: 'boot-file', format: 'ELF32' })
    expect(refusalOf(Uint8Array.of(0x1f, 0x8b, 8, 0))).toMatchObject({ format: 'gzip' })
    expect(refusalOf(Uint8Array.of(0x4d, 0x5a, 0x90, 0))).toMatchObject({ format: 'PE' })
    expect(describeImageRefusal({ kind: 'boot-file', format: 'ELF32' })).toBe(
      'Cannot read the image: this is the ELF32 file that boots, which has no symbols; ' +
        'give the xen-syms file of the same build instead (Debian: the -dbg package)',
    )
  })

  it('refuses what is no ELF file, a file that is not linked, and one without symbols', () => {
    expect(refusalOf(new Uint8Array(100))).toMatchObject({
      kind: 'not-readable',
      refusal: { kind: 'not-elf' },
    })
    expect(refusalOfDraft(() => ({ type: 'relocatable', segments: [], symbols: [] }))).toEqual({
      kind: 'not-linked',
      found: 'relocatable',
    })
    expect(refusalOfDraft(() => ({ symbols: [] }))).toEqual({ kind: 'no-symbols' })
  })

  it('refuses a build-id that is missing, doubled or of another size', () => {
    expect(refusalOf(sampleImageBytes({ ...SAMPLE, buildId: 'abcd' }))).toEqual({
      kind: 'bad-build-id',
      foundBytes: 2,
    })
    const draft = sampleDraft(SAMPLE)
    const notes = draft.sections.find((section) => section.type === SHT.NOTE)
    const replaced = replaceSection(draft, notes, {
      content: encodeNote({ owner: 'GNU', type: 1, descriptor: new Uint8Array(4) }),
    })
    expect(refusalOf(writeElf(replaced))).toEqual({ kind: 'build-id-not-found', foundCount: 0 })
    const one = encodeNote({ owner: 'GNU', type: 3, descriptor: new Uint8Array(20) })
    const doubled = replaceSection(draft, notes, { content: Uint8Array.of(...one, ...one) })
    expect(refusalOf(writeElf(doubled))).toEqual({ kind: 'build-id-not-found', foundCount: 2 })
  })

  it('refuses bounds that are missing or the wrong way round', () => {
    const without = (name: string) =>
      refusalOfDraft(({ symbols = [] }) => ({
        symbols: symbols.filter((symbol) => symbol.name !== name),
      }))
    expect(without('_start')).toMatchObject({ kind: 'bound-not-found', symbol: '_start' })
    expect(without('_end')).toMatchObject({ kind: 'bound-not-found', symbol: '_end' })
    const end = (value: bigint) =>
      refusalOfDraft(({ symbols = [] }) => ({
        symbols: symbols.map((symbol) => (symbol.name === '_end' ? { ...symbol, value } : symbol)),
      }))
    expect(end(SAMPLE_START)).toMatchObject({ kind: 'bounds-implausible' })
    expect(end(SAMPLE_START + (1n << 31n))).toMatchObject({ kind: 'bounds-implausible' })
    expect(end(SAMPLE_START + 0x2000n)).toMatchObject({
      kind: 'section-outside-image',
      section: '.bss',
    })
  })

  it('refuses a symbol larger than any image', () => {
    const refusal = refusalOfDraft(({ symbols = [] }) => ({
      symbols: symbols.map((symbol) =>
        symbol.name === 'outer' ? { ...symbol, byteLength: 1n << 40n } : symbol,
      ),
    }))
    expect(refusal).toMatchObject({ kind: 'symbol-implausible', symbol: 'outer' })
  })

  it('refuses sections that a boot loader would put elsewhere', () => {
    expect(refusalOfDraft(() => ({ segments: [] }))).toEqual({
      kind: 'section-not-loaded',
      section: '.text',
    })
  })

  it('refuses an image without code', () => {
    const draft = sampleDraft(SAMPLE)
    const data = replaceSection(draft, draft.sections[0], { flags: SHF.ALLOC })
    expect(refusalOf(writeElf(data))).toEqual({ kind: 'no-text' })
  })

  it('gives a value for spoilt files, and images that answer all questions', () => {
    const bytes = sampleImageBytes(SAMPLE)
    const byte = fc.nat(bytes.length - 1)
    // The headers, symbols and names; the code is long and of no interest here.
    const place = byte.filter((at) => at < 200 || at > 4000)
    const change = fc.tuple(place, fc.constantFrom(0, 1, 2, 8, 0x7f, 0x80, 0xff))
    let read = 0
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const spoilt = bytes.slice()
        for (const [at, value] of changes) spoilt[at] = value
        const result = readImage(spoilt)
        if (result.kind === 'refused') {
          return describeImageRefusal(result.refusal).startsWith('Cannot read the ')
        }
        read += 1
        const { image } = result
        const near = advance(image.text.start, 32)
        const answers = [
          image.functionAt(near),
          image.bytesAt({ start: near, byteLength: 8 }),
          image.find('outer'),
          paddingBetweenFunctions(image),
        ]
        return answers.length === 4
      }),
      { seed: 0x5eed05, numRuns: 3000 },
    )
    expect(read).toBeGreaterThan(100)
    expect(read).toBeLessThan(2900)
  })
})

/** The draft with another section in the place of one, wherever it is referred to. */
function replaceSection(
  draft: ElfDraft,
  old: SectionDraft | undefined,
  change: Partial<SectionDraft>,
): ElfDraft {
  if (old === undefined) throw new Error('The draft has no such section')
  const fresh = { ...old, ...change }
  const swap = (section: SectionDraft) => (section === old ? fresh : section)
  return {
    ...draft,
    sections: draft.sections.map(swap),
    symbols: (draft.symbols ?? []).map((symbol) => ({
      ...symbol,
      section: typeof symbol.section === 'string' ? symbol.section : swap(symbol.section),
    })),
    segments: (draft.segments ?? []).map((segment) => ({
      ...segment,
      sections: segment.sections.map(swap),
    })),
  }
}
