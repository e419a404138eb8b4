import { copyBytes } from '../address/copy-bytes.ts'
import type { VirtualAddress } from '../address/address.ts'
import type { Patch, PieceTarget } from '../diff/patch.ts'
import { NT_GNU_BUILD_ID, R_X86_64, SHF, SHT } from '../elf/definitions.ts'
import type {
  RelocationDraft,
  RelocationTableDraft,
  SectionDraft,
  SymbolDraft,
} from '../elf/draft.ts'
import { encodeNote } from '../elf/note.ts'
import { viewOf, writeStruct } from '../elf/struct-layout.ts'
import { writeElf } from '../elf/write.ts'
import type { BuildId } from '../image/build-id.ts'
import { layOutPieces, type PiecePlace } from './lay-out-pieces.ts'
import {
  EXPECTED_AT,
  FUNC_V1,
  FUNC_V2,
  funcBytes,
  LIVEPATCH,
  MAX_SECTIONS,
} from './livepatch-format.ts'
import type { PayloadVersion } from './payload.ts'
import { xenName } from './xen-names.ts'

/** One entry of `.livepatch.funcs`, before its code has a place. */
export interface PlannedFunction {
  readonly name: string
  readonly oldAddress: VirtualAddress
  readonly oldByteLength: number
  /** The piece that begins with the new function. */
  readonly piece: string
  readonly newByteLength: number
  readonly expected: Uint8Array | undefined
}

/** A patch of which nothing stands in the way of becoming a payload. */
export interface PayloadPlan {
  readonly patch: Patch
  readonly functions: readonly PlannedFunction[]
  /** The symbols of the hypervisor that it refers to, by `xenName`. */
  readonly targets: ReadonlyMap<string, SymbolDraft>
}

/** What a payload says about itself. */
export interface PayloadIdentity {
  readonly version: PayloadVersion
  readonly buildId: Uint8Array
  readonly xenBuildId: BuildId
  readonly dependsOn: BuildId
  readonly info: readonly (readonly [key: string, value: string])[]
}

/**
 * The file: the pieces' sections in the order of the patch, then what only the loader reads.
 *
 * @throws RangeError when the patch or the identity contradicts itself
 */
export function assemblePayload(plan: PayloadPlan, identity: PayloadIdentity): Uint8Array {
  const names = stringSection(plan.functions.map(({ name }) => name))
  const funcs = funcsSection(plan.functions, identity.version)
  const own = [funcs, names.section, ...identitySections(identity)]
  // Each may have a table of relocations; the reserved section, two string tables and the symbols.
  const forPieces = Math.floor((MAX_SECTIONS - 4) / 2) - own.length
  const { sections, places } = layOutPieces(plan.patch.pieces, forPieces)

  const anchors = new Map([...sections, names.section].map((section) => [section, anchor(section)]))
  const link: Linking = { plan, places, anchors }
  const tables = pieceRelocations(link)
  tables.push({ target: funcs, relocations: funcRelocations(link, names, identity.version) })

  return writeElf({
    type: 'relocatable',
    sections: [...sections, ...own],
    symbols: [
      ...anchors.values(),
      ...namedSymbols(link, identity.buildId),
      ...plan.targets.values(),
    ],
    relocationTables: tables,
  })
}

interface Linking {
  readonly plan: PayloadPlan
  readonly places: ReadonlyMap<string, PiecePlace>
  readonly anchors: ReadonlyMap<SectionDraft, SymbolDraft>
}

/** The nameless symbol of a section, which all references into it are counted from. */
function anchor(section: SectionDraft): SymbolDraft {
  return { name: '', kind: 'section', binding: 'local', section, value: 0n }
}

function placeOf(link: Linking, piece: string): PiecePlace {
  const place = link.places.get(piece)
  if (place === undefined) throw new RangeError(`${piece} is no piece of the patch`)
  return place
}

function pieceRelocations(link: Linking): RelocationTableDraft[] {
  const bySection = new Map<SectionDraft, RelocationDraft[]>()
  for (const piece of link.plan.patch.pieces) {
    const place = placeOf(link, piece.id)
    for (const { at, type, target, addend } of piece.relocations) {
      // It fills nothing, and the loader rejects one without a symbol all the same.
      if (type === R_X86_64.NONE) continue
      const relocations = bySection.get(place.section) ?? []
      bySection.set(place.section, relocations)
      relocations.push({
        offset: BigInt(place.offset + at),
        type,
        ...resolveTarget(link, target, addend),
      })
    }
  }
  return [...bySection].map(([target, relocations]) => ({
    target,
    relocations: relocations.toSorted((a, b) => Number(a.offset - b.offset)),
  }))
}

function resolveTarget(
  link: Linking,
  target: PieceTarget,
  addend: bigint,
): { symbol: SymbolDraft; addend: bigint } {
  if (target.kind === 'image') {
    const symbol = link.plan.targets.get(xenName(target.symbol))
    if (symbol === undefined) throw new RangeError(`${target.symbol.name} was not resolved`)
    return { symbol, addend }
  }
  const place = placeOf(link, target.piece)
  const offset = BigInt(place.offset) + BigInt(target.offset)
  return { symbol: anchorOf(link, place.section), addend: addend + offset }
}

function anchorOf(link: Linking, section: SectionDraft): SymbolDraft {
  const symbol = link.anchors.get(section)
  if (symbol === undefined) throw new RangeError(`${section.name} has no symbol`)
  return symbol
}

/** How many letters of the build-id new symbols bear. */
const MARK_LETTERS = 8

/** A longer name would be cut by Xen (`KSYM_NAME_LEN`, 127 with its end). */
const MAX_NAME_BYTES = 126

/**
 * Names for the new code, for Xen's traces and for readers of the file.
 *
 * A replaced function keeps its name. Everything else gets the payload's mark behind it: the loader
 * rejects a name that the hypervisor, or a payload loaded before, has already.
 */
function namedSymbols(link: Linking, buildId: Uint8Array): SymbolDraft[] {
  const mark = Array.from(buildId, (byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .slice(0, MARK_LETTERS)
  const replaced = new Map(link.plan.functions.map(({ piece, name }) => [piece, name]))
  const symbols: SymbolDraft[] = []
  for (const [piece, name] of replaced) {
    const newByteLength = link.plan.functions.find((each) => each.piece === piece)?.newByteLength
    symbols.push(definedSymbol(link, piece, 0, { name, kind: 'function' }, newByteLength ?? 0))
  }
  const used = new Set(replaced.values())
  for (const symbol of link.plan.patch.symbols) {
    if (symbol.offset === 0 && replaced.has(symbol.piece)) continue
    const plain = `${xenName(symbol)}.${mark}`
    // Two statics of one name and file, as the compiler makes them in one function's scopes.
    let name = plain
    for (let count = 2; used.has(name); count += 1) name = `${plain}.${count}`
    used.add(name)
    if (name.length > MAX_NAME_BYTES) continue
    const { piece, offset, kind, byteLength } = symbol
    symbols.push(definedSymbol(link, piece, offset, { name, kind }, byteLength))
  }
  return symbols
}

function definedSymbol(
  link: Linking,
  piece: string,
  offset: number,
  what: { readonly name: string; readonly kind: 'function' | 'object' },
  byteLength: number,
): SymbolDraft {
  const place = placeOf(link, piece)
  return {
    ...what,
    binding: what.name.includes('#') ? 'local' : 'global',
    section: place.section,
    value: BigInt(place.offset + offset),
    byteLength: BigInt(byteLength),
  }
}

interface StringSection {
  readonly section: SectionDraft
  readonly offsets: readonly number[]
}

function stringSection(strings: readonly string[]): StringSection {
  const offsets: number[] = []
  let text = ''
  for (const string of strings) {
    offsets.push(text.length)
    text += `${string}\0`
  }
  return { section: constant(LIVEPATCH.STRINGS, latin1(text)), offsets }
}

function funcsSection(
  functions: readonly PlannedFunction[],
  version: PayloadVersion,
): SectionDraft {
  const content = new Uint8Array(functions.length * funcBytes(version))
  const view = viewOf(content)
  for (const [index, func] of functions.entries()) {
    const at = index * funcBytes(version)
    const common = {
      // Filled by relocations.
      name: 0n,
      new_addr: 0n,
      old_addr: func.oldAddress,
      new_size: func.newByteLength,
      old_size: func.oldByteLength,
      version,
    }
    if (version === 1) {
      writeStruct(view, at, FUNC_V1, common)
      continue
    }
    const expected = func.expected ?? new Uint8Array()
    const expect = expected.length === 0 ? 0 : 1 | (expected.length << 1)
    writeStruct(view, at, FUNC_V2, { ...common, expect })
    content.set(expected, at + EXPECTED_AT)
  }
  return {
    // Xen keeps its state of the function in the entry, up to 4.18; since then it does not mind.
    ...constant(LIVEPATCH.FUNCS, content),
    flags: SHF.ALLOC | SHF.WRITE,
    alignment: 8,
    entryBytes: funcBytes(version),
  }
}

function funcRelocations(
  link: Linking,
  names: StringSection,
  version: PayloadVersion,
): RelocationDraft[] {
  return link.plan.functions.flatMap((func, index) => {
    const at = index * funcBytes(version)
    const place = placeOf(link, func.piece)
    return [
      {
        offset: BigInt(at + FUNC_V1.fields.name.at),
        type: R_X86_64[64],
        symbol: anchorOf(link, names.section),
        addend: BigInt(names.offsets[index] ?? 0),
      },
      {
        offset: BigInt(at + FUNC_V1.fields.new_addr.at),
        type: R_X86_64[64],
        symbol: anchorOf(link, place.section),
        addend: BigInt(place.offset),
      },
    ]
  })
}

function identitySections(identity: PayloadIdentity): SectionDraft[] {
  const sections: SectionDraft[] = []
  // Xen reads the byte before the end of an empty one.
  if (identity.info.length > 0) sections.push(infoSection(identity.info))
  sections.push(noteSection(LIVEPATCH.DEPENDS, bytesOf(identity.dependsOn)))
  // Before 4.14 only the bottom of the stack says which Xen it is for.
  if (identity.version === 2) {
    sections.push(noteSection(LIVEPATCH.XEN_DEPENDS, bytesOf(identity.xenBuildId)))
  }
  sections.push(noteSection(LIVEPATCH.BUILD_ID, identity.buildId))
  return sections
}

function infoSection(info: PayloadIdentity['info']): SectionDraft {
  const lines = info.map(([key, value]) => {
    const line = `${key}=${value}`
    if (key === '' || key.includes('=') || !/^[\x20-\x7e]*$/.test(line)) {
      throw new RangeError(`${JSON.stringify(line)} cannot be shown by Xen`)
    }
    return `${line}\0`
  })
  return constant(LIVEPATCH.MODINFO, latin1(lines.join('')))
}

function noteSection(name: string, buildId: Uint8Array): SectionDraft {
  const content = encodeNote({ owner: 'GNU', type: NT_GNU_BUILD_ID, descriptor: buildId })
  return { ...constant(name, content), type: SHT.NOTE, alignment: 4 }
}

function constant(name: string, content: Uint8Array): SectionDraft {
  return { name, type: SHT.PROGBITS, flags: SHF.ALLOC, alignment: 1, content: copyBytes(content) }
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0))
}

function bytesOf(buildId: BuildId): Uint8Array {
  return Uint8Array.from(buildId.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}
