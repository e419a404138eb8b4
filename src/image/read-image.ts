import { FRAME_BYTES, type VirtualAddress, virtualAddress } from '../address/address.ts'
import { type AddressRange, contains, offsetIn, rangeEnd } from '../address/address-range.ts'
import { EI, ELFCLASS32, NT_GNU_BUILD_ID, PT, SHF } from '../elf/definitions.ts'
import type { ElfFile, ElfSection, ElfSegment } from '../elf/elf-file.ts'
import { readElf } from '../elf/read.ts'
import type { ElfRefusal } from '../elf/refusal.ts'
import { type BuildId, buildIdFromBytes } from './build-id.ts'
import { FunctionSpans } from './function-spans.ts'
import type { Image, ImageSection } from './image.ts'
import type { ImageRefusal } from './image-refusal.ts'
import { MAX_IMAGE_BYTES, readImageSymbols } from './image-symbols.ts'
import { SymbolNames } from './symbol-names.ts'

export type ImageRead =
  | { readonly kind: 'read'; readonly image: Image }
  | { readonly kind: 'refused'; readonly refusal: ImageRefusal }

type Step<T> =
  | { readonly kind: 'read'; readonly value: T }
  | { readonly kind: 'refused'; readonly refusal: ImageRefusal }

/**
 * Reads one build of the hypervisor from its `xen-syms`.
 *
 * The bytes may come from anywhere; whatever does not fit is a refusal, never an exception.
 * What is read is the build as linked. That a machine runs it is for the reader of its memory
 * to find out.
 */
export function readImage(bytes: Uint8Array): ImageRead {
  const elf = readElf(bytes)
  if (elf.kind === 'refused') return refuse(refuseElf(bytes, elf.refusal))
  return assemble(elf.elf)
}

function assemble(elf: ElfFile): ImageRead {
  if (elf.type !== 'executable') return refuse({ kind: 'not-linked', found: elf.type })
  const loaded = elf.sections.filter(isLoaded)
  const symbols = readImageSymbols(elf)
  if (symbols.kind === 'refused') return symbols
  const names = new SymbolNames(symbols.value)

  const whole = readBounds(names)
  if (whole.kind === 'refused') return whole
  const sections = readSections(elf, loaded, whole.value)
  if (sections.kind === 'refused') return sections
  const note = readBuildId(elf)
  if (note.kind === 'refused') return note

  const text = sections.value.find(({ name, executable }) => name === '.text' && executable)
  const textSegment = text && segmentHolding(elf, text)
  if (text?.bytes === undefined || textSegment === undefined) return refuse({ kind: 'no-text' })
  const textWithPadding = withPadding(text, sections.value, textSegment)
  const byteRanges = [...sections.value, padded(textWithPadding, textSegment)]
  const functions = new FunctionSpans(symbols.value)

  const image: Image = {
    buildId: note.value.buildId,
    buildIdAt: note.value.at,
    start: whole.value.start,
    byteLength: whole.value.byteLength,
    sections: sections.value,
    symbols: symbols.value,
    text,
    textWithPadding,
    find: (name) => names.find(name),
    functionAt: (address) => functions.at(address),
    bytesAt: (range) => bytesAt(byteRanges, range),
  }
  return { kind: 'read', image }
}

function readBounds(names: SymbolNames): Step<AddressRange<VirtualAddress>> {
  const bounds: VirtualAddress[] = []
  for (const name of ['_start', '_end']) {
    const found = names.find(name)
    if (found.kind !== 'found') {
      const foundCount = found.kind === 'ambiguous' ? found.candidates.length : 0
      return refuse({ kind: 'bound-not-found', symbol: name, foundCount })
    }
    bounds.push(found.symbol.address)
  }
  const [start, end] = bounds as [VirtualAddress, VirtualAddress]
  if (end <= start || end - start > BigInt(MAX_IMAGE_BYTES)) {
    const wantedAtMostBytes = MAX_IMAGE_BYTES
    return refuse({ kind: 'bounds-implausible', start, end, wantedAtMostBytes })
  }
  return read({ start, byteLength: Number(end - start) })
}

function readSections(
  elf: ElfFile,
  loaded: readonly ElfSection[],
  whole: AddressRange<VirtualAddress>,
): Step<ImageSection[]> {
  const sections: ImageSection[] = []
  for (const section of loaded) {
    // Compared as bigint: the section's size is not yet known to be one that a number counts.
    const end = section.address + section.byteLength
    if (section.address < whole.start || end > whole.start + BigInt(whole.byteLength)) {
      return refuse({
        kind: 'section-outside-image',
        section: section.name,
        foundStart: section.address,
        foundBytes: section.byteLength,
        wanted: whole,
      })
    }
    if (!isPlacedBySegment(elf, section)) {
      return refuse({ kind: 'section-not-loaded', section: section.name })
    }
    sections.push({
      name: section.name,
      start: virtualAddress(section.address),
      byteLength: Number(section.byteLength),
      executable: (section.flags & SHF.EXECINSTR) !== 0n,
      bytes: section.bytes,
    })
  }
  sections.sort((a, b) => (a.start < b.start ? -1 : 1))
  for (const [index, section] of sections.entries()) {
    const next = sections[index + 1]
    if (next !== undefined && rangeEnd(section) > next.start) {
      return refuse({ kind: 'sections-overlap', first: section.name, second: next.name })
    }
  }
  return read(sections)
}

function readBuildId(elf: ElfFile): Step<{ buildId: BuildId; at: VirtualAddress }> {
  const notes = elf.notes.flatMap((note) => {
    const section = elf.sections[note.section]
    const isBuildId = note.owner === 'GNU' && note.type === NT_GNU_BUILD_ID
    return isBuildId && section !== undefined && isLoaded(section) ? [{ note, section }] : []
  })
  const [only, another] = notes
  if (only === undefined || another !== undefined) {
    return refuse({ kind: 'build-id-not-found', foundCount: notes.length })
  }
  const { descriptor, descriptorAt } = only.note
  const buildId = buildIdFromBytes(descriptor)
  if (buildId === undefined) {
    return refuse({ kind: 'bad-build-id', foundBytes: descriptor.length })
  }
  return read({ buildId, at: virtualAddress(only.section.address + BigInt(descriptorAt)) })
}

/** Whether a section takes up memory in the running hypervisor. */
function isLoaded(section: ElfSection): boolean {
  return (section.flags & SHF.ALLOC) !== 0n && section.byteLength > 0n
}

/**
 * Whether a boot loader puts the section's bytes at its address.
 *
 * A loader knows segments only. Where the two views of the file disagree, the sections do not
 * describe what runs.
 */
function isPlacedBySegment(elf: ElfFile, section: ElfSection): boolean {
  return elf.segments.some((segment) => {
    if (segment.type !== PT.LOAD) return false
    const into = section.address - segment.virtualStart
    if (into < 0n || into + section.byteLength > segment.memoryBytes) return false
    if (section.bytes === undefined) return into >= BigInt(segment.bytes.length)
    return (
      into + section.byteLength <= BigInt(segment.bytes.length) &&
      into === BigInt(section.fileOffset - segment.fileOffset)
    )
  })
}

function segmentHolding(elf: ElfFile, section: ImageSection): ElfSegment | undefined {
  return elf.segments.find(
    (segment) => segment.type === PT.LOAD && contains(fileBacked(segment), section),
  )
}

function fileBacked(segment: ElfSegment): AddressRange<VirtualAddress> {
  return { start: virtualAddress(segment.virtualStart), byteLength: segment.bytes.length }
}

/** `.text` and what follows it up to its page's end, the next section or the segment's end. */
function withPadding(
  text: ImageSection,
  sections: readonly ImageSection[],
  segment: ElfSegment,
): AddressRange<VirtualAddress> {
  const next = sections[sections.indexOf(text) + 1]
  // In plain bigint: at the top of the address space the page's end has no address.
  const pageMask = BigInt(FRAME_BYTES - 1)
  const pageEnd = (rangeEnd<VirtualAddress>(text) + pageMask) & ~pageMask
  const limits: bigint[] = [pageEnd, rangeEnd(fileBacked(segment))]
  if (next !== undefined) limits.push(next.start)
  const end = limits.reduce((least, limit) => (limit < least ? limit : least))
  return { start: text.start, byteLength: Number(end - text.start) }
}

function padded(range: AddressRange<VirtualAddress>, segment: ElfSegment): ImageSection {
  const at = offsetIn(fileBacked(segment), range.start)
  const bytes = segment.bytes.subarray(at, at + range.byteLength)
  return { ...range, name: '.text', executable: true, bytes }
}

function bytesAt(
  holders: readonly ImageSection[],
  range: AddressRange<VirtualAddress>,
): Uint8Array | undefined {
  const holder = holders.find(
    (candidate) => candidate.bytes !== undefined && contains(candidate, range),
  )
  if (holder?.bytes === undefined) return undefined
  const at = offsetIn(holder, range.start)
  return holder.bytes.subarray(at, at + range.byteLength)
}

function refuseElf(bytes: Uint8Array, refusal: ElfRefusal): ImageRefusal {
  if (refusal.kind === 'unsupported' && bytes[EI.CLASS] === ELFCLASS32) {
    return { kind: 'boot-file', format: 'ELF32' }
  }
  // RFC 1952 2.3.1: the magic of gzip; PE format, "MS-DOS Stub": `MZ`.
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return { kind: 'boot-file', format: 'gzip' }
  if (bytes[0] === 0x4d && bytes[1] === 0x5a) return { kind: 'boot-file', format: 'PE' }
  return { kind: 'not-readable', refusal }
}

function read<T>(value: T): Step<T> {
  return { kind: 'read', value }
}

function refuse(refusal: ImageRefusal): {
  readonly kind: 'refused'
  readonly refusal: ImageRefusal
} {
  return { kind: 'refused', refusal }
}
