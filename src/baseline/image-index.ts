import { type VirtualAddress, virtualAddress } from '../address/address.ts'
import { type AddressRange, contains } from '../address/address-range.ts'
import type { ElfSymbol } from '../elf/elf-file.ts'
import type { Image, ImageSection, ImageSymbol } from '../image/image.ts'
import { type LinkedTable, linkedTable, type SiteTable } from './site-table.ts'

/** One index for an image, made when its first object is proven. It goes when the image goes. */
const MADE = new WeakMap<Image, ImageIndex>()

/** An image's symbols by name, for every relocation of every object. */
export class ImageIndex {
  readonly image: Image
  readonly #byName: ReadonlyMap<string, readonly ImageSymbol[]>
  readonly #tables = new Map<SiteTable, LinkedTable | undefined>()

  private constructor(image: Image) {
    this.image = image
    this.#byName = Map.groupBy(image.symbols, (symbol) => symbol.name)
  }

  static of(image: Image): ImageIndex {
    const made = MADE.get(image) ?? new ImageIndex(image)
    MADE.set(image, made)
    return made
  }

  /** What an object's symbol with a name can be; `file` is the source file of a local one. */
  named(symbol: ElfSymbol, file: string | undefined): readonly ImageSymbol[] {
    if (symbol.name === '' || symbol.kind === 'section' || symbol.kind === 'file') return []
    return symbol.binding === 'local' ? this.local(symbol.name, file) : this.global(symbol.name)
  }

  /** One of the tables of sites, if the image shows it whole. */
  table(shape: SiteTable): LinkedTable | undefined {
    if (!this.#tables.has(shape)) this.#tables.set(shape, linkedTable(this, shape))
    return this.#tables.get(shape)
  }

  /**
   * What a global symbol's name can stand for.
   *
   * A linker may make hidden symbols local, so local ones count where no global one bears the name.
   */
  global(name: string): readonly ImageSymbol[] {
    const bearers = this.#byName.get(name) ?? []
    const globals = bearers.filter((symbol) => symbol.binding === 'global')
    return globals.length > 0 ? globals : bearers
  }

  /**
   * What a local symbol's name can stand for: those of its file, or all where the object names no
   * file, as those of hand-written assembly may.
   */
  local(name: string, file: string | undefined): readonly ImageSymbol[] {
    const bearers = this.#byName.get(name) ?? []
    return bearers.filter(
      (symbol) => symbol.binding === 'local' && (file === undefined || symbol.file === file),
    )
  }

  bytesAt(address: bigint, byteLength: number): Uint8Array | undefined {
    const range = rangeWithin64Bits(address, byteLength)
    return range && this.image.bytesAt(range)
  }

  sectionAt(address: bigint): ImageSection | undefined {
    const range = rangeWithin64Bits(address, 1)
    return range && this.image.sections.find((section) => contains(section, range))
  }

  /** The place as people know it: a symbol and an offset, or a section and an offset. */
  placeName(address: bigint): string {
    const { symbols } = this.image
    let low = 0
    let high = symbols.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((symbols[middle]?.address ?? 0n) <= address) low = middle + 1
      else high = middle
    }
    const start = symbols[low - 1]?.address
    const section = this.sectionAt(address)
    if (start === undefined || section === undefined) return `0x${address.toString(16)}`
    const nearest = symbols.findLast(
      (symbol) => symbol.address === start && reaches(symbol, address),
    )
    return nearest === undefined
      ? withOffset(section.name, address - section.start)
      : withOffset(nearest.name, address - nearest.address)
  }
}

/** `name`, or `name+0x10`. */
export function withOffset(name: string, offset: bigint): string {
  if (offset === 0n) return name
  return offset < 0n ? `${name}-0x${(-offset).toString(16)}` : `${name}+0x${offset.toString(16)}`
}

function reaches(symbol: ImageSymbol, address: bigint): boolean {
  return address === symbol.address || address < symbol.address + BigInt(symbol.byteLength)
}

/** The range, if all of it and its end have addresses: what an object leads to may have none. */
function rangeWithin64Bits(
  address: bigint,
  byteLength: number,
): AddressRange<VirtualAddress> | undefined {
  const last = address + BigInt(byteLength)
  if (byteLength < 0 || address < 0n || last > 0xffff_ffff_ffff_ffffn) return undefined
  return { start: virtualAddress(address), byteLength }
}
