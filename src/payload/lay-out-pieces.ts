import type { Piece } from '../diff/patch.ts'
import { SHF, SHT } from '../elf/definitions.ts'
import type { SectionDraft } from '../elf/draft.ts'
import { ALTERNATIVES, isEntryTable, REPLACEMENTS } from './livepatch-format.ts'
import { sectionArea } from './section-area.ts'

/** Where a piece lies in the payload. */
export interface PiecePlace {
  readonly section: SectionDraft
  readonly offset: number
}

export interface PieceLayout {
  readonly sections: readonly SectionDraft[]
  /** By the piece's id. */
  readonly places: ReadonlyMap<string, PiecePlace>
}

/** What a section of the payload is made from: pieces that go to one area, under one name. */
interface Group {
  readonly name: string
  readonly area: 'code' | 'constant' | 'data'
  /** Whether it takes no room in the file. */
  readonly isZeros: boolean
  readonly pieces: Piece[]
}

/**
 * Puts the pieces into as few sections as asked, in the order of the patch.
 *
 * Pieces of one section stay together, so that whoever links the payload to other places can put
 * each function somewhere else. Where that would be more than `maxSections`, all code shares one
 * section, and so do all constants and all data; Xen's loader numbers only so many. The special
 * sections always keep their names, by which the loader finds them.
 */
export function layOutPieces(pieces: readonly Piece[], maxSections: number): PieceLayout {
  const byName = groupPieces(pieces, (piece) => piece.section)
  const groups = byName.length <= maxSections ? byName : groupPieces(pieces, sharedName)
  const places = new Map<string, PiecePlace>()
  const sections = groups.map((group) => placeGroup(group, places))
  const hasAlternatives = groups.some(({ name }) => name === ALTERNATIVES)
  if (hasAlternatives && !groups.some(({ name }) => name === REPLACEMENTS)) {
    // Xen's loader wants the section even where every replacement is empty.
    sections.push(codeSection(REPLACEMENTS, Uint8Array.of(FILLER_CODE)))
  }
  return { sections, places }
}

/** `int3`: between functions nothing executes. */
const FILLER_CODE = 0xcc

function groupPieces(pieces: readonly Piece[], nameOf: (piece: Piece) => string): Group[] {
  const groups = new Map<string, Group>()
  for (const piece of pieces) {
    const name = nameOf(piece)
    const area = areaOf(piece)
    const isZeros = area === 'data' && !(piece.content instanceof Uint8Array)
    const key = `${area} ${isZeros} ${name}`
    const group = groups.get(key)
    if (group !== undefined) group.pieces.push(piece)
    else groups.set(key, { name, area, isZeros, pieces: [piece] })
  }
  return [...groups.values()]
}

function sharedName(piece: Piece): string {
  if (isEntryTable(piece.section) || piece.section === REPLACEMENTS) return piece.section
  const area = areaOf(piece)
  if (area === 'code') return '.text'
  if (area === 'constant') return '.rodata'
  return piece.content instanceof Uint8Array ? '.data' : '.bss'
}

/**
 * Where the piece goes. Constants with addresses in them are writable in an object, for a dynamic
 * linker's sake; Xen's loader relocates first and takes the permission to write away afterwards.
 */
function areaOf(piece: Piece): Group['area'] {
  const area = sectionArea(piece.flags)
  if (area === 'data' && /^\.data\.rel\.ro(\.|$)/.test(piece.section)) return 'constant'
  if (area === 'code' || area === 'constant' || area === 'data') return area
  throw new RangeError(`${piece.id} lies in ${piece.section}, which cannot be loaded`)
}

function placeGroup(group: Group, places: Map<string, PiecePlace>): SectionDraft {
  const isTable = isEntryTable(group.name)
  const offsets = new Map<Piece, number>()
  let end = 0
  let alignment = 1
  for (const piece of group.pieces) {
    // A table's entries are found by counting from its start: a gap would be read as one.
    if (!isTable) end = Math.ceil(end / piece.alignment) * piece.alignment
    alignment = Math.max(alignment, piece.alignment)
    offsets.set(piece, end)
    end += piece.content.byteLength
  }
  // Xen's loader gives an empty section no address, and something may refer to it.
  const byteLength = Math.max(end, 1)
  const content = group.isZeros
    ? { byteLength }
    : new Uint8Array(byteLength).fill(group.area === 'code' ? FILLER_CODE : 0)
  const section: SectionDraft = {
    name: group.name,
    type: group.isZeros ? SHT.NOBITS : SHT.PROGBITS,
    flags: AREA_FLAGS[group.area],
    alignment,
    content,
  }
  for (const [piece, offset] of offsets) {
    if (content instanceof Uint8Array && piece.content instanceof Uint8Array) {
      content.set(piece.content, offset)
    } else if (content instanceof Uint8Array) {
      content.fill(0, offset, offset + piece.content.byteLength)
    }
    places.set(piece.id, { section, offset })
  }
  return section
}

const AREA_FLAGS = {
  code: SHF.ALLOC | SHF.EXECINSTR,
  constant: SHF.ALLOC,
  data: SHF.ALLOC | SHF.WRITE,
} as const

function codeSection(name: string, content: Uint8Array): SectionDraft {
  return { name, type: SHT.PROGBITS, flags: AREA_FLAGS.code, alignment: 1, content }
}
