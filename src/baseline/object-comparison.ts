import { SHF, SHT } from '../elf/definitions.ts'
import type { ElfSection, ElfSymbol } from '../elf/elf-file.ts'
import { holeValue, isComputed, readHole, symbolBehind } from './hole-value.ts'
import { type ImageIndex, withOffset } from './image-index.ts'
import type { Difference, OtherText } from './object-proof.ts'
import type { Hole, ObjectView } from './object-view.ts'
import { stringAt, textOf } from './merged-string.ts'
import { SectionPlaces } from './section-places.ts'

/** A part of an object's section. */
export interface ObjectPart {
  readonly section: ElfSection
  readonly start: number
  readonly byteLength: number
}

export type Comparison =
  | { readonly kind: 'equal'; readonly texts: readonly OtherText[] }
  | { readonly kind: 'unequal'; readonly difference: Difference }

const EQUAL: Comparison = { kind: 'equal', texts: [] }

/**
 * Compares parts of one object with what the image holds at an address, relocations by meaning.
 *
 * A hole whose symbol the image names must hold exactly what a linker would put there. What has no
 * name there (strings, merged constants, unnamed sections) is compared by content, at the address
 * that the image's own hole leads to, and so on from there. A section that a linker places as
 * one piece must be met at one address only.
 */
export class ObjectComparison {
  readonly #view: ObjectView
  readonly #index: ImageIndex
  readonly #places: SectionPlaces
  /** Offsets at which unnamed sections fall into parts that belong to different functions. */
  readonly #cuts: ReadonlyMap<number, readonly number[]>
  /** Where the unnamed sections were met. */
  readonly #met = new Map<number, bigint>()
  /** What was compared. A part that is being compared counts as equal: its own result decides. */
  readonly #done = new Map<string, Comparison>()
  /** The keys of `#done`, in order of their beginning. */
  readonly #begun: string[] = []

  constructor(view: ObjectView, index: ImageIndex, cuts: ReadonlyMap<number, readonly number[]>) {
    this.#view = view
    this.#index = index
    this.#places = new SectionPlaces(view, index)
    this.#cuts = cuts
  }

  compare(part: ObjectPart, address: bigint): Comparison {
    const wanted = bytesOf(part)
    const found = this.#index.bytesAt(address, part.byteLength)
    if (wanted === undefined || found === undefined) {
      return unequal('reference', 0, {
        found: this.#index.placeName(address),
        wanted: withOffset(part.section.name, BigInt(part.start)),
      })
    }
    const texts: OtherText[] = []
    let at = 0
    for (const hole of this.#view.holesIn(part.section.index, part.start, part.byteLength)) {
      const start = hole.at - part.start
      const plain = plainBytes(found, wanted, at, start)
      if (plain !== undefined) return plain
      const filled = this.#compareHole(hole, start, found, address + BigInt(start))
      if (filled.kind === 'unequal') return filled
      texts.push(...filled.texts)
      at = start + hole.byteLength
    }
    return plainBytes(found, wanted, at, part.byteLength) ?? { kind: 'equal', texts }
  }

  #compareHole(hole: Hole, at: number, found: Uint8Array, address: bigint): Comparison {
    const { relocation, byteLength } = hole
    const symbol = this.#view.elf.symbols[relocation.symbol]
    if (!isComputed(relocation.type) || symbol === undefined || at + byteLength > found.length) {
      const wanted = `relocation type ${relocation.type}`
      return unequal('unsupported', at, { found: hexOf(found, at, byteLength), wanted })
    }
    const place = { address, byteLength }
    const value = readHole(found, at, byteLength)
    const fits = (s: bigint): boolean => holeValue(relocation, place, s) === value
    const refers = symbolBehind(relocation, place, value)

    if (symbol.section === 'absolute') {
      return fits(symbol.value) ? EQUAL : this.#otherReference(at, symbol, refers)
    }
    const named = this.#places.ofSymbol(symbol)
    if (named.length > 0) {
      if (!named.some(fits)) return this.#otherReference(at, symbol, refers)
      return named.length === 1 ? EQUAL : this.#sameNamed(at, symbol, refers)
    }
    if (typeof symbol.section !== 'number') {
      // gABI: Symbol Table, "Symbol Binding": an undefined weak symbol that nobody defines is 0.
      if (symbol.binding === 'weak' && fits(0n)) return EQUAL
      const foundPlace = this.#index.placeName(refers)
      return unequal('unresolved', at, { found: foundPlace, wanted: symbol.name })
    }
    return this.#compareUnnamed(symbol, hole, at, refers)
  }

  /** Of several symbols of one name, the one that the image refers to must be the object's. */
  #sameNamed(at: number, symbol: ElfSymbol, address: bigint): Comparison {
    const section = typeof symbol.section === 'number' && this.#view.section(symbol.section)
    if (!section || symbol.byteLength === 0n || section.type === SHT.NOBITS) return EQUAL
    const byteLength = Number(symbol.byteLength)
    const part = { section, start: Number(symbol.value), byteLength }
    return behind(at, this.#compareOnce(part, address))
  }

  /** `refers` is where the image has the symbol, whatever its name, if it has it at all. */
  #compareUnnamed(symbol: ElfSymbol, hole: Hole, at: number, refers: bigint): Comparison {
    const section = this.#view.section(Number(symbol.section))
    if (section === undefined) return this.#otherReference(at, symbol, refers)
    if ((section.flags & SHF.MERGE) !== 0n) {
      // A section symbol has no string of its own: the addend says which one is meant.
      const into = symbol.kind === 'section' ? hole.relocation.addend : 0n
      return this.#compareMerged(section, Number(symbol.value + into), at, refers + into)
    }
    const base = refers - symbol.value
    const places = this.#places.ofSection(section.index)
    if (places.length > 0) {
      if (!places.includes(base)) return this.#otherReference(at, symbol, refers)
      if (places.length === 1 || section.type === SHT.NOBITS) return EQUAL
      // Its symbols have several bearers in the image: this one must be the object's.
      const whole = { section, start: 0, byteLength: Number(section.byteLength) }
      return behind(at, this.#compareOnce(whole, base))
    }
    if ((this.#met.get(section.index) ?? base) !== base) {
      return this.#otherReference(at, symbol, refers)
    }
    const part = this.#partAround(section, Number(symbol.value + hole.relocation.addend))
    const compared = this.#compareOnce(part, base + BigInt(part.start))
    if (compared.kind === 'equal') this.#met.set(section.index, base)
    return behind(at, compared)
  }

  #compareMerged(section: ElfSection, start: number, at: number, refers: bigint): Comparison {
    if ((section.flags & SHF.STRINGS) === 0n) {
      const entry = Number(section.entryBytes) || 1
      const first = Math.floor(start / entry) * entry
      const part = { section, start: first, byteLength: entry }
      return behind(at, this.#compareOnce(part, refers - BigInt(start - first)))
    }
    const width = Number(section.entryBytes) || 1
    const wanted = stringAt(section.bytes ?? new Uint8Array(), start, width)
    const holder = this.#index.sectionAt(refers)
    const into = holder === undefined ? 0 : Number(refers - holder.start)
    const found = holder?.bytes && stringAt(holder.bytes, into, width)
    if (wanted === undefined || found === undefined) {
      const wantedPlace = withOffset(section.name, BigInt(start))
      const foundPlace = this.#index.placeName(refers)
      return unequal('reference', at, { found: foundPlace, wanted: wantedPlace })
    }
    const difference = { at, found: textOf(found, width), wanted: textOf(wanted, width) }
    if (sameBytes(found, wanted)) return EQUAL
    return { kind: 'equal', texts: [difference] }
  }

  /** The part of an unnamed section that is compared as one: up to the cuts around `at`. */
  #partAround(section: ElfSection, at: number): ObjectPart {
    const cuts = this.#cuts.get(section.index) ?? []
    const start = cuts.findLast((cut) => cut <= at) ?? 0
    const end = cuts.find((cut) => cut > at) ?? Number(section.byteLength)
    return { section, start, byteLength: end - start }
  }

  #compareOnce(part: ObjectPart, address: bigint): Comparison {
    const key = `${part.section.index} ${part.start} ${address}`
    const known = this.#done.get(key)
    if (known !== undefined) return known
    const before = this.#begun.push(key)
    this.#done.set(key, EQUAL)
    const compared = withinSection(part, this.compare(part, address))
    // What was found equal on the way may have relied on this part's being so.
    if (compared.kind === 'unequal') {
      for (const inner of this.#begun.splice(before)) this.#done.delete(inner)
    }
    this.#done.set(key, compared)
    return compared
  }

  #otherReference(at: number, symbol: ElfSymbol, refers: bigint): Comparison {
    const section = typeof symbol.section === 'number' && this.#view.section(symbol.section)
    const wanted = symbol.name || (section ? section.name : `symbol ${symbol.index}`)
    return unequal('reference', at, { found: this.#index.placeName(refers), wanted })
  }
}

/** Undefined where the section has no such part: relocations can lead anywhere. */
function bytesOf({ section, start, byteLength }: ObjectPart): Uint8Array | undefined {
  if (section.bytes === undefined || start < 0 || byteLength < 0) return undefined
  const end = start + byteLength
  return end > section.bytes.length ? undefined : section.bytes.subarray(start, end)
}

function plainBytes(
  found: Uint8Array,
  wanted: Uint8Array,
  from: number,
  to: number,
): Comparison | undefined {
  for (let at = from; at < to; at += 1) {
    if (found[at] === wanted[at]) continue
    const length = Math.min(8, to - at)
    return unequal('bytes', at, {
      found: hexOf(found, at, length),
      wanted: hexOf(wanted, at, length),
    })
  }
  return undefined
}

function unequal(
  kind: Difference['kind'],
  at: number,
  facts: { readonly found: string; readonly wanted: string },
): Comparison {
  return { kind: 'unequal', difference: { kind, at, within: undefined, ...facts } }
}

/** What was found behind a reference, told from the place of the reference. */
function behind(at: number, compared: Comparison): Comparison {
  if (compared.kind === 'equal') {
    return { kind: 'equal', texts: compared.texts.map((text) => ({ ...text, at })) }
  }
  return { kind: 'unequal', difference: { ...compared.difference, at } }
}

function withinSection(part: ObjectPart, compared: Comparison): Comparison {
  if (compared.kind === 'equal' || compared.difference.within !== undefined) return compared
  const at = part.start + compared.difference.at
  const within = withOffset(part.section.name, BigInt(at))
  return { kind: 'unequal', difference: { ...compared.difference, within } }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}

function hexOf(bytes: Uint8Array, at: number, byteLength: number): string {
  return Array.from(bytes.subarray(at, at + byteLength), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join(' ')
}
