import { hex } from '../address/address.ts'
import { FILE_HEADER, PROGRAM_HEADER, SHT } from './definitions.ts'
import { ElfDraftError, type SectionDraft, type SegmentDraft } from './draft.ts'

/** A segment's place in file and memory. */
export interface PlacedSegment {
  readonly draft: SegmentDraft
  readonly fileOffset: number
  readonly virtualStart: bigint
  readonly fileBytes: number
  readonly memoryBytes: number
}

/** Where each section and segment comes to lie in the file. */
export interface FileLayout {
  readonly sectionOffsets: ReadonlyMap<SectionDraft, number>
  readonly segments: readonly PlacedSegment[]
  /** The first byte behind all of it. */
  readonly end: number
}

/**
 * Gives every section its offset: behind the headers, in the order of `sections`, aligned.
 *
 * Sections of one segment keep in the file the distances they have in memory, and the segment's
 * offset equals its address modulo its alignment (gABI: Program Header, `p_align`).
 */
export function layOutFile(
  sections: readonly SectionDraft[],
  segments: readonly SegmentDraft[],
): FileLayout {
  const segmentOf = loadSegments(segments)
  const segmentStarts = new Map<SegmentDraft, number>()
  const sectionOffsets = new Map<SectionDraft, number>()
  let end = FILE_HEADER.byteLength + segments.length * PROGRAM_HEADER.byteLength
  for (const section of sections) {
    const address = addressOf(section)
    const segment = segmentOf.get(section)
    let offset = alignUp(end, alignmentOf(section))
    if (segment !== undefined) {
      const start = segmentStarts.get(segment) ?? congruent(end, startOf(segment), segment)
      segmentStarts.set(segment, start)
      offset = start + Number(address - startOf(segment))
    }
    if (offset < end) {
      throw new ElfDraftError(`${section.name} lies below the section before it in its segment`)
    }
    sectionOffsets.set(section, offset)
    end = section.type === SHT.NOBITS ? end : offset + section.content.byteLength
  }
  return { sectionOffsets, segments: segments.map((s) => placeSegment(s, sectionOffsets)), end }
}

/** The next multiple of `alignment` from `value` on. */
export function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment
}

/** Which segment decides where a section lies: the first that holds it. */
function loadSegments(segments: readonly SegmentDraft[]): ReadonlyMap<SectionDraft, SegmentDraft> {
  const segmentOf = new Map<SectionDraft, SegmentDraft>()
  for (const segment of segments) {
    for (const section of segment.sections) {
      if (!segmentOf.has(section)) segmentOf.set(section, segment)
    }
  }
  return segmentOf
}

function placeSegment(
  draft: SegmentDraft,
  sectionOffsets: ReadonlyMap<SectionDraft, number>,
): PlacedSegment {
  const start = startOf(draft)
  let fileOffset: number | undefined
  let fileBytes = 0
  let memoryBytes = 0
  let sawNoBits = false
  for (const section of draft.sections) {
    const offset = sectionOffsets.get(section)
    if (offset === undefined) {
      throw new ElfDraftError(`A segment holds ${section.name}, which the draft lacks`)
    }
    fileOffset ??= offset
    const at = Number(addressOf(section) - start)
    memoryBytes = at + section.content.byteLength
    if (section.type === SHT.NOBITS) {
      sawNoBits = true
    } else if (sawNoBits) {
      throw new ElfDraftError(`${section.name} has bytes, but lies behind a section without`)
    } else {
      fileBytes = memoryBytes
    }
  }
  return { draft, fileOffset: fileOffset ?? 0, virtualStart: start, fileBytes, memoryBytes }
}

function congruent(from: number, address: bigint, segment: SegmentDraft): number {
  const alignment = segment.alignment ?? 1
  const wanted = Number(address & BigInt(alignment - 1))
  return alignUp(from - wanted, alignment) + wanted
}

function startOf(segment: SegmentDraft): bigint {
  const first = segment.sections[0]
  return first === undefined ? 0n : addressOf(first)
}

function addressOf(section: SectionDraft): bigint {
  const address = section.address ?? 0n
  if ((address & BigInt(alignmentOf(section) - 1)) !== 0n) {
    throw new ElfDraftError(`${section.name} at ${hex(address)} breaks its own alignment`)
  }
  return address
}

function alignmentOf(section: SectionDraft): number {
  const alignment = section.alignment ?? 1
  if (alignment < 1 || !Number.isInteger(Math.log2(alignment))) {
    throw new ElfDraftError(`The alignment of ${section.name}, ${alignment}, is no power of two`)
  }
  return alignment
}
