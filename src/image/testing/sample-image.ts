/**
 * Small images, made for tests: laid out like `xen-syms`, with the code that a test gives.
 *
 * @module
 */

import { NT_GNU_BUILD_ID, PF, PT, SHF, SHT } from '../../elf/definitions.ts'
import type { ElfDraft, SectionDraft, SymbolDraft } from '../../elf/draft.ts'
import type { ElfSymbolKind } from '../../elf/elf-file.ts'
import { encodeNote } from '../../elf/note.ts'
import { writeElf } from '../../elf/write.ts'
import type { Image } from '../image.ts'
import { describeImageRefusal } from '../image-refusal.ts'
import { readImage } from '../read-image.ts'

/** Where sample images are linked: Xen's own address. */
export const SAMPLE_START = 0xffff_82d0_4020_0000n

/** The build-id of sample images, unless another is given. */
export const SAMPLE_BUILD_ID = '0123456789abcdef0123456789abcdef01234567'

/** A symbol of the sample's `.text`. */
export interface SampleSymbol {
  readonly name: string
  /** From the start of `.text`, which is the start of the image. */
  readonly offset: number
  readonly byteLength: number
  /** `function` when absent. */
  readonly kind?: ElfSymbolKind
  /** Makes the symbol static, in this source file. */
  readonly file?: string
}

export interface SampleImage {
  readonly text: Uint8Array
  readonly symbols?: readonly SampleSymbol[]
  /** Hexadecimal; `SAMPLE_BUILD_ID` when absent. */
  readonly buildId?: string
}

/** The ELF file of a sample, for tests that spoil it before it is read or written. */
export function sampleDraft(sample: SampleImage): ElfDraft {
  const text = loaded('.text', SHF.EXECINSTR | SHF.WRITE, SAMPLE_START, sample.text)
  const behindText = SAMPLE_START + BigInt(Math.ceil((sample.text.length + 1) / 4096) * 4096)
  const rodata = loaded('.rodata', 0n, behindText, new Uint8Array(16).fill(0x52))
  const note: SectionDraft = {
    ...loaded('.note.gnu.build-id', 0n, behindText + 0x10n, buildIdNote(sample.buildId)),
    type: SHT.NOTE,
    alignment: 4,
  }
  const bss: SectionDraft = {
    ...loaded('.bss', SHF.WRITE, behindText + 0x1000n, new Uint8Array()),
    type: SHT.NOBITS,
    content: { byteLength: 0x240 },
  }
  const sections = [text, rodata, note, bss]
  return {
    type: 'executable',
    entry: 0x200000n,
    sections,
    symbols: [
      ...fileSymbols(sample.symbols ?? [], text),
      { ...marker('_start', SAMPLE_START), section: text },
      { ...marker('_end', behindText + 0x1240n), section: bss },
    ],
    segments: [
      { type: PT.LOAD, flags: PF.R | PF.W | PF.X, sections, physicalStart: 0x200000n },
      { type: PT.NOTE, flags: PF.R, sections: [note], alignment: 4 },
    ],
  }
}

/** The bytes of a sample's ELF file. */
export function sampleImageBytes(sample: SampleImage): Uint8Array {
  return writeElf(sampleDraft(sample))
}

/** A sample, read as an image. */
export function sampleImage(sample: SampleImage): Image {
  const result = readImage(sampleImageBytes(sample))
  if (result.kind === 'refused') throw new Error(describeImageRefusal(result.refusal))
  return result.image
}

function loaded(name: string, flags: bigint, address: bigint, content: Uint8Array): SectionDraft {
  const alignment = address % 4096n === 0n ? 4096 : 1
  return { name, type: SHT.PROGBITS, flags: flags | SHF.ALLOC, address, alignment, content }
}

function marker(name: string, value: bigint): Omit<SymbolDraft, 'section'> {
  return { name, kind: 'none', binding: 'global', visibility: 'hidden', value }
}

/** Static symbols by file, each file's behind its `file` symbol; then the global ones. */
function fileSymbols(symbols: readonly SampleSymbol[], section: SectionDraft): SymbolDraft[] {
  const drafts: SymbolDraft[] = []
  for (const [file, members] of Map.groupBy(symbols, (symbol) => symbol.file)) {
    if (file !== undefined) {
      const name = { name: file, kind: 'file', binding: 'local' } as const
      drafts.push({ ...name, section: 'absolute', value: 0n })
    }
    for (const { name, offset, byteLength, kind } of members) {
      drafts.push({
        name,
        kind: kind ?? 'function',
        binding: file === undefined ? 'global' : 'local',
        section,
        value: SAMPLE_START + BigInt(offset),
        byteLength: BigInt(byteLength),
      })
    }
  }
  return drafts
}

function buildIdNote(buildId: string = SAMPLE_BUILD_ID): Uint8Array {
  const descriptor = Uint8Array.from(buildId.match(/../g) ?? [], (pair) =>
    Number.parseInt(pair, 16),
  )
  return encodeNote({ owner: 'GNU', type: NT_GNU_BUILD_ID, descriptor })
}
