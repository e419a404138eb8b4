/**
 * Everything in a linked hypervisor that names an address of it.
 *
 * @module
 */

import { advance, distance, type VirtualAddress } from '../address/address.ts'
import { type AddressRange, contains, rangeEnd } from '../address/address-range.ts'
import { type ReferenceForm, scanReferences } from '../x86/scan-references.ts'
import type { Image, ImageSection } from './image.ts'
import { imageBugFrames, imageExceptions, imageTableRanges } from './image-tables.ts'

/**
 * How an address is named: by an instruction (`call`, `jump`, `operand`), by the address itself in
 * any 8 bytes (`pointer`), by a distance in 4 bytes (`relative`), by an entry of an exception
 * table (`exception`), or of the bug frames (`bug`).
 */
export type ImageReferenceForm = ReferenceForm | 'pointer' | 'relative' | 'exception' | 'bug'

export interface ImageReference {
  /** The instruction, or the bytes, that name the address. */
  readonly from: VirtualAddress
  readonly to: VirtualAddress
  readonly form: ImageReferenceForm
}

/** The references of one image, by the address that they name. */
export class ImageReferences {
  readonly #sorted: readonly ImageReference[]

  constructor(references: readonly ImageReference[]) {
    this.#sorted = references.toSorted((a, b) => compare(a.to, b.to) || compare(a.from, b.from))
  }

  get all(): readonly ImageReference[] {
    return this.#sorted
  }

  /** Those that name an address of the range, by rising address. */
  to(range: AddressRange<VirtualAddress>): readonly ImageReference[] {
    const first = this.#firstFrom(range.start)
    return this.#sorted.slice(first, this.#firstFrom(rangeEnd(range)))
  }

  #firstFrom(address: VirtualAddress): number {
    let low = 0
    let high = this.#sorted.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const reference = this.#sorted[middle]
      if (reference !== undefined && reference.to < address) low = middle + 1
      else high = middle
    }
    return low
  }
}

/**
 * Finds every reference in an image, as linked.
 *
 * There may be more than are real, for bytes may look like one; of those that are real, none is
 * left out that a linker made as Xen uses it. Addresses that code computes in other ways than by
 * the distance or the address of their beginning, such as what hypercalls and traps lead to by
 * number, are found where the table of them lies. Code is decoded anew at each symbol.
 *
 * Distances relative to anything else than themselves are found only where an instruction names the
 * table that holds them, as it does for a compiler's jump table.
 */
// 32-bit absolute addresses do not occur: Xen is linked above what they can hold. The symbol table
// that Xen carries holds distances from the image's start; it names functions, and calls none.
export function findReferences(image: Image): ImageReferences {
  const found: ImageReference[] = []
  const whole = { start: image.start, byteLength: image.byteLength }
  const add = (from: VirtualAddress, to: bigint, form: ImageReferenceForm): void => {
    const target = to as VirtualAddress
    if (to >= whole.start && to < rangeEnd(whole)) found.push({ from, to: target, form })
  }
  for (const section of image.sections) {
    if (section.bytes === undefined) continue
    pointersIn(section, whole, (at, to) => add(at, to, 'pointer'))
    if (section.executable) {
      codeReferences(image, section, add)
    } else {
      distancesIn(section, image, (at, to) => add(at, to, 'relative'))
    }
  }
  for (const { at, goesOnAt } of imageExceptions(image)) add(at, goesOnAt, 'exception')
  for (const { at, names } of imageBugFrames(image)) add(at, names, 'bug')
  const operands = found.filter(({ form }) => form === 'operand')
  for (const { from, to } of operands) {
    for (const target of jumpTableAt(image, to)) add(from, target, 'relative')
  }
  return new ImageReferences(found)
}

type Add = (from: VirtualAddress, to: bigint, form: ImageReferenceForm) => void

function codeReferences(image: Image, section: ImageSection, add: Add): void {
  for (const span of symbolSpans(image, section)) {
    const bytes = image.bytesAt(span)
    if (bytes === undefined) continue
    scanReferences(bytes, span.start, {
      reference: (offset, target, form) => add(advance(span.start, offset), target, form),
    })
  }
}

/** The section cut at every symbol in it. */
export function symbolSpans(
  image: Image,
  section: AddressRange<VirtualAddress>,
): readonly AddressRange<VirtualAddress>[] {
  const end = rangeEnd(section)
  const cuts = [section.start]
  for (const { address } of image.symbols) {
    if (address > section.start && address < end && cuts.at(-1) !== address) cuts.push(address)
  }
  return cuts.map((start, index) => ({
    start,
    byteLength: distance(start, cuts[index + 1] ?? end),
  }))
}

type Visit = (at: VirtualAddress, to: bigint) => void

/** Every 8 bytes, aligned or not, that hold an address of the image. */
function pointersIn(
  section: ImageSection,
  whole: AddressRange<VirtualAddress>,
  visit: Visit,
): void {
  const { bytes } = section
  if (bytes === undefined) return
  const view = viewOf(bytes)
  const lowestHigh = Number(whole.start >> 32n)
  const highestHigh = Number(rangeEnd(whole) >> 32n)
  for (let offset = 0; offset + 8 <= bytes.byteLength; offset += 1) {
    const high = view.getUint32(offset + 4, true)
    if (high < lowestHigh || high > highestHigh) continue
    visit(advance(section.start, offset), view.getBigUint64(offset, true))
  }
}

/** Every aligned 4 bytes that hold the distance from themselves to somewhere in `.text`. */
function distancesIn(section: ImageSection, image: Image, visit: Visit): void {
  const { bytes } = section
  if (bytes === undefined) return
  const view = viewOf(bytes)
  const tables = imageTableRanges(image).map((range) => ({
    first: distance(section.start, range.start),
    end: distance(section.start, rangeEnd(range)),
  }))
  const textAt = distance(section.start, image.text.start)
  const textEnd = textAt + image.text.byteLength
  const first = Number((4n - (section.start & 3n)) & 3n)
  for (let offset = first; offset + 4 <= bytes.byteLength; offset += 4) {
    const target = offset + view.getInt32(offset, true)
    if (target < textAt || target >= textEnd) continue
    if (tables.some((table) => offset >= table.first && offset < table.end)) continue
    visit(advance(section.start, offset), advance(section.start, target))
  }
}

/** Where a table of distances from its own beginning leads, as long as that is in `.text`. */
function jumpTableAt(image: Image, table: VirtualAddress): readonly VirtualAddress[] {
  const section = image.sections.find((each) => contains(each, { start: table, byteLength: 1 }))
  if (section?.bytes === undefined || section.executable) return []
  const view = viewOf(section.bytes)
  const targets: VirtualAddress[] = []
  const first = distance(section.start, table)
  for (let offset = first; offset + 4 <= section.byteLength; offset += 4) {
    const target = advance(table, view.getInt32(offset, true))
    if (!contains(image.text, { start: target, byteLength: 1 })) break
    targets.push(target)
  }
  return targets
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}
