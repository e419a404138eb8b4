/**
 * Small hypervisors with all the sections that matter, made for tests from code text.
 *
 * @module
 */

import { advance, alignUp, type VirtualAddress, virtualAddress } from '../../../address/address.ts'
import { PF, PT, SHF, SHT } from '../../../elf/definitions.ts'
import type { SectionDraft, SymbolDraft } from '../../../elf/draft.ts'
import { writeElf } from '../../../elf/write.ts'
import { readCodeText } from '../../../hotfix/code-text.ts'
import type { Code } from '../../../hotfix/fix.ts'
import type { Image } from '../../../image/image.ts'
import { describeImageRefusal } from '../../../image/image-refusal.ts'
import { readImage } from '../../../image/read-image.ts'
import { sampleDraft, SAMPLE_START } from '../../../image/testing/sample-image.ts'
import { linkCode } from '../../link-code.ts'

/** Bytes with a symbol. */
export interface SamplePart {
  readonly name: string
  /** As in a fix file: `e8 {pc32 callee}`. Places are names of parts, with or without an offset. */
  readonly code: string
  /** Makes the symbol static, in this source file. */
  readonly file?: string
  /** A function in sections of code, and an object in others, when absent. */
  readonly kind?: 'function' | 'object' | 'label'
  /** What its start is a multiple of; 16 when absent. */
  readonly alignment?: number
}

export interface SampleHypervisor {
  readonly text: readonly SamplePart[]
  readonly rodata?: readonly SamplePart[]
  readonly initText?: readonly SamplePart[]
  readonly initData?: readonly SamplePart[]
  /** Where it is linked; Xen's own address when absent. */
  readonly start?: bigint
}

interface PlacedPart {
  readonly part: SamplePart
  readonly at: VirtualAddress
  readonly code: Code
}

const SECTIONS = [
  { key: 'text', name: '.text', flags: SHF.EXECINSTR | SHF.WRITE, fill: 0x90 },
  { key: 'rodata', name: '.rodata', flags: 0n, fill: 0 },
  { key: 'initText', name: '.init.text', flags: SHF.EXECINSTR, fill: 0x90 },
  { key: 'initData', name: '.init.data', flags: SHF.WRITE, fill: 0 },
] as const

/** The image of a sample: its sections one behind the other, each on a page of its own. */
export function hypervisorOf(sample: SampleHypervisor): Image {
  const parts = new Map<string, PlacedPart>()
  const first = sample.start ?? SAMPLE_START
  let next = virtualAddress(first)
  const placed = SECTIONS.map((section) => {
    next = alignUp(next, 4096)
    const start = next
    const own = (sample[section.key] ?? []).map((part): PlacedPart => {
      const { bytes, relocations, problems } = readCodeText(part.code)
      if (problems.length > 0) throw new Error(`${part.name} is no code`)
      next = alignUp(next, part.alignment ?? 16)
      const one = { part, at: next, code: { bytes, relocations } }
      parts.set(part.name, one)
      next = advance(next, bytes.byteLength)
      return one
    })
    // Room for a section that is empty, and padding behind one that is not.
    next = advance(next, 16)
    return { section, start, end: advance(next, -16), own }
  })
  const drafts = placed.map(({ section, start, end, own }) => {
    const content = new Uint8Array(Math.max(Number(end - start), 16)).fill(section.fill)
    for (const { at, code } of own) content.set(linked(code, at, parts), Number(at - start))
    const draft: SectionDraft = {
      name: section.name,
      type: SHT.PROGBITS,
      flags: section.flags | SHF.ALLOC,
      address: start,
      alignment: 4096,
      content,
    }
    return { draft, own }
  })
  const note = noteAt(alignUp(next, 4096))
  const sections = [...drafts.map(({ draft }) => draft), note]
  const bytes = writeElf({
    type: 'executable',
    entry: 0x200000n,
    sections,
    symbols: [
      ...drafts.flatMap(({ draft, own }) => own.flatMap((one) => symbolsOf(one, draft))),
      { ...MARKER, name: '_start', value: first, section: sections[0] as SectionDraft },
      { ...MARKER, name: '_end', value: (note.address ?? 0n) + 0x1000n, section: note },
    ],
    segments: [
      { type: PT.LOAD, flags: PF.R | PF.W | PF.X, sections, physicalStart: 0x200000n },
      { type: PT.NOTE, flags: PF.R, sections: [note], alignment: 4 },
    ],
  })
  const image = readImage(bytes)
  if (image.kind === 'read') return image.image
  throw new Error(describeImageRefusal(image.refusal))
}

const MARKER = { kind: 'none', binding: 'global' } as const

function linked(
  code: Code,
  at: VirtualAddress,
  parts: ReadonlyMap<string, PlacedPart>,
): Uint8Array {
  const targets = code.relocations.map(({ target }) => {
    const part = parts.get(target.symbol)
    if (part === undefined) throw new Error(`There is no ${target.symbol}`)
    return advance(part.at, target.offset)
  })
  const result = linkCode(code, at, targets)
  if (result.kind !== 'linked') throw new Error('The sample does not reach')
  return result.bytes
}

function symbolsOf({ part, at, code }: PlacedPart, section: SectionDraft): SymbolDraft[] {
  const { name, file } = part
  const usual = (section.flags & SHF.EXECINSTR) === 0n ? 'object' : 'function'
  const kind = part.kind ?? usual
  const symbol: SymbolDraft = {
    name,
    kind: kind === 'label' ? 'none' : kind,
    binding: file === undefined ? 'global' : 'local',
    section,
    value: at,
    byteLength: kind === 'label' ? 0n : BigInt(code.bytes.byteLength),
  }
  if (file === undefined) return [symbol]
  const source: SymbolDraft = {
    name: file,
    kind: 'file',
    binding: 'local',
    section: 'absolute',
    value: 0n,
  }
  return [source, symbol]
}

/** The sample image's own build-id, at another place. */
function noteAt(address: VirtualAddress): SectionDraft {
  const note = sampleDraft({ text: new Uint8Array(1) }).sections.find(
    ({ name }) => name === '.note.gnu.build-id',
  )
  if (note === undefined) throw new Error('The sample has no build-id')
  return { ...note, address }
}

/** A function that leaves hardly any padding behind the sample's `.text`. */
export function fillerFor(sample: SampleHypervisor): SamplePart {
  const used = alignUp(virtualAddress(BigInt(hypervisorOf(sample).text.byteLength)), 16)
  return { name: 'filler', code: '90 '.repeat(4096 - 32 - Number(used)) }
}

/** Where a part of the sample lies. */
export function partAt(image: Image, name: string): VirtualAddress {
  const found = image.find(name)
  if (found.kind !== 'found') throw new Error(`There is no ${name}`)
  return found.symbol.address
}
