/**
 * Payloads for the sample hypervisors, made for tests from code text.
 *
 * @module
 */

import type { Patch, Piece, PieceRelocation, PieceTarget } from '../../../diff/patch.ts'
import { R_X86_64, SHF } from '../../../elf/definitions.ts'
import { readCodeText } from '../../../hotfix/code-text.ts'
import type { Image } from '../../../image/image.ts'
import type { Payload } from '../../../payload/payload.ts'
import { emitted, readWell } from '../../../payload/testing/sample-payload.ts'
import {
  type ExaminedPayload,
  examinePayload,
  type PayloadExamination,
  type PayloadOrder,
} from '../examine-payload.ts'
import { studyPayload } from '../study-payload.ts'

/** A section of a payload. Its name tells what it is: `.text.f`, `.rodata.s`, `.data.d`. */
export interface SampleSection {
  readonly section: string
  /** Places are names of replaced or added functions, of sections, or of the image's symbols. */
  readonly code: string
  /** The function that it replaces. */
  readonly replaces?: string
  readonly file?: string
  readonly alignment?: number
}

/** A payload of the sections, for the image. */
export function payloadOf(image: Image, sections: readonly SampleSection[]): Payload {
  return readWell(emitted(patchOf(image, sections), image))
}

/** The order to splice such a payload in. */
export function orderOf(
  image: Image,
  sections: readonly SampleSection[],
  options: Partial<PayloadOrder> = {},
): PayloadOrder {
  return {
    name: 'xsa-1',
    advisory: 'XSA-1',
    payload: payloadOf(image, sections),
    image,
    reuse: undefined,
    sideBySide: undefined,
    ...options,
  }
}

/** Studies the payload as the builder does, and examines it as the host does. */
export function studiedAndExamined(order: PayloadOrder): PayloadExamination {
  const studied = studyPayload(order)
  return studied.kind === 'refused' ? studied : examinePayload(order, studied.study)
}

/** What must be fit to be examined. */
export function examined(order: PayloadOrder): ExaminedPayload {
  const result = studiedAndExamined(order)
  if (result.kind === 'examined') return result
  throw new Error(`Refused: ${result.refusals.map(({ kind }) => kind).join(', ')}`)
}

function patchOf(image: Image, sections: readonly SampleSection[]): Patch {
  const ids = new Map(sections.map(({ section, replaces }) => [replaces ?? section, section]))
  return {
    pieces: sections.map((section): Piece => pieceOf(section, ids)),
    symbols: [],
    replacements: sections.flatMap(({ section, replaces, file, code }) => {
      if (replaces === undefined) return []
      const found = image.find(replaces)
      if (found.kind !== 'found') throw new Error(`There is no ${replaces}`)
      return [
        {
          symbol: { name: replaces, file },
          piece: section,
          oldByteLength: found.symbol.byteLength,
          newByteLength: readCodeText(code).bytes.byteLength,
        },
      ]
    }),
  }
}

function pieceOf(
  { section, code, alignment }: SampleSection,
  ids: ReadonlyMap<string, string>,
): Piece {
  const { bytes, relocations, problems } = readCodeText(code)
  if (problems.length > 0) throw new Error(`${section} is no code`)
  const isCode = section.startsWith('.text') || section === '.altinstr_replacement'
  const isData = section.startsWith('.data')
  return {
    id: section,
    object: 'sample.o',
    section,
    flags: SHF.ALLOC | (isCode ? SHF.EXECINSTR : 0n) | (isData ? SHF.WRITE : 0n),
    entryBytes: 0,
    alignment: alignment ?? (section.startsWith('.text') ? 16 : 1),
    content: bytes,
    relocations: relocations.map(({ at, kind, target }): PieceRelocation => {
      const piece = ids.get(target.symbol)
      const isWide = kind === 'abs64'
      const inPiece: PieceTarget | undefined =
        piece === undefined ? undefined : { kind: 'piece', piece, offset: target.offset }
      const inImage: PieceTarget = {
        kind: 'image',
        symbol: { name: target.symbol, file: undefined },
      }
      const offset = inPiece === undefined ? BigInt(target.offset) : 0n
      return {
        at,
        type: isWide ? R_X86_64[64] : R_X86_64.PC32,
        target: inPiece ?? inImage,
        addend: offset - (isWide ? 0n : 4n),
      }
    }),
  }
}
