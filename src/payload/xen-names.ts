import { type VirtualAddress, virtualAddress } from '../address/address.ts'
import type { SymbolName } from '../diff/patch.ts'
import { viewOf } from '../elf/struct-layout.ts'
import type { Image } from '../image/image.ts'
import { MAX_IMAGE_BYTES } from '../image/image-symbols.ts'

export type XenNameLookup =
  | { readonly kind: 'found'; readonly address: VirtualAddress }
  | { readonly kind: 'not-found' }
  /** Several places bear the name, and which of them Xen finds depends on how it was built. */
  | { readonly kind: 'ambiguous'; readonly addresses: readonly VirtualAddress[] }

/** The names by which the running hypervisor finds its own symbols. */
export interface XenNames {
  /**
   * `xen`: read from the table in the hypervisor that its loader searches. `image`: put together
   * from the image's symbols, because it has no such table or one of another form.
   */
  readonly source: 'xen' | 'image'
  lookUp(name: string): XenNameLookup
}

/** A symbol as Xen writes it: `do_dm_op`, or `common/dm.c#get_op` for a static one. */
export function xenName(symbol: SymbolName): string {
  return symbol.file === undefined ? symbol.name : `${symbol.file}#${symbol.name}`
}

/**
 * The names that Xen's loader would find in a hypervisor of this build.
 *
 * Xen carries a compressed table of its symbols (xen/tools/symbols.c writes it, xen/common/symbols.c
 * reads it), from which some symbols are left out, and in which statics bear their file's name.
 */
export function readXenNames(image: Image): XenNames {
  const known = NAMES.get(image)
  if (known !== undefined) return known
  const names = newlyRead(image)
  NAMES.set(image, names)
  return names
}

/** The names of images, which never change. */
const NAMES = new WeakMap<Image, XenNames>()

function newlyRead(image: Image): XenNames {
  const own = readOwnTable(image)
  return own === undefined
    ? lookUpIn(
        'image',
        image.symbols.map((symbol) => [xenName(symbol), symbol.address]),
      )
    : lookUpIn('xen', own)
}

type Entry = readonly [name: string, address: VirtualAddress]

function lookUpIn(source: XenNames['source'], entries: readonly Entry[]): XenNames {
  const byName = new Map<string, VirtualAddress[]>()
  for (const [name, address] of entries) {
    const bearers = byName.get(name)
    if (bearers === undefined) byName.set(name, [address])
    else if (!bearers.includes(address)) bearers.push(address)
  }
  return {
    source,
    lookUp: (name) => {
      const addresses = byName.get(name) ?? []
      const [address, another] = addresses
      if (address === undefined) return { kind: 'not-found' }
      if (another !== undefined) return { kind: 'ambiguous', addresses }
      return { kind: 'found', address }
    },
  }
}

/** The table's parts, each up to the end of the section that it lies in. */
interface RawTable {
  readonly count: number
  readonly names: Uint8Array
  readonly tokens: Uint8Array
  readonly tokenIndexes: DataView
  /** The address of a symbol by its number, still without the origin that the offsets are from. */
  offsetOf(index: number): bigint | undefined
}

function readOwnTable(image: Image): readonly Entry[] | undefined {
  const table = findTable(image)
  if (table === undefined) return undefined
  const entries: { name: string; offset: bigint }[] = []
  let at = 0
  for (let index = 0; index < table.count; index += 1) {
    const byteLength = table.names[at]
    const offset = table.offsetOf(index)
    if (byteLength === undefined || offset === undefined) return undefined
    const name = expand(table, at + 1, byteLength)
    if (name === undefined) return undefined
    // The first letter is the symbol's type, as nm writes it. Since Xen 4.21 entries without any
    // letter mark the ends of symbols.
    if (name.length > 1) entries.push({ name: name.slice(1), offset })
    at += 1 + byteLength
  }
  const origin = originOf(image, entries)
  if (origin === undefined) return undefined
  const placed: Entry[] = []
  for (const { name, offset } of entries) {
    const address = origin + offset
    // Some symbols mark boundaries of pages behind the image, none lies further away.
    if (address < 0n || address > image.start + BigInt(MAX_IMAGE_BYTES)) return undefined
    placed.push([name, virtualAddress(address)])
  }
  return placed
}

function findTable(image: Image): RawTable | undefined {
  const countView = partOf(image, 'symbols_num_addrs') ?? partOf(image, 'symbols_num_syms')
  const names = partOf(image, 'symbols_names')
  const tokens = partOf(image, 'symbols_token_table')
  const indexes = partOf(image, 'symbols_token_index')
  const offsets = partOf(image, 'symbols_offsets')
  const addresses = partOf(image, 'symbols_addresses')
  if (countView === undefined || countView.length < 4 || indexes === undefined) return undefined
  if (names === undefined || tokens === undefined || indexes.length < 512) return undefined
  const entries = offsets ?? addresses
  if (entries === undefined) return undefined
  const view = viewOf(entries)
  return {
    count: viewOf(countView).getUint32(0, true),
    names,
    tokens,
    tokenIndexes: viewOf(indexes),
    offsetOf: (index) => {
      const width = offsets === undefined ? 8 : 4
      const at = index * width
      if (at + width > view.byteLength) return undefined
      return width === 8 ? view.getBigUint64(at, true) : BigInt(view.getUint32(at, true))
    },
  }
}

/** The bytes from a global symbol up to the end of its section. */
function partOf(image: Image, name: string): Uint8Array | undefined {
  const found = image.find(name)
  if (found.kind !== 'found') return undefined
  const { address } = found.symbol
  const holder = image.sections.find(
    ({ start, byteLength }) => address >= start && address < start + BigInt(byteLength),
  )
  return holder?.bytes?.subarray(Number(address - holder.start))
}

/** Each byte of a name stands for a token: a run of letters that ends with a zero. */
function expand(table: RawTable, at: number, byteLength: number): string | undefined {
  let name = ''
  for (const code of table.names.subarray(at, at + byteLength)) {
    let letter = table.tokenIndexes.getUint16(2 * code, true)
    for (;;) {
      const value = table.tokens[letter]
      if (value === undefined || name.length > MAX_NAME_LETTERS) return undefined
      if (value === 0) break
      name += String.fromCharCode(value)
      letter += 1
    }
  }
  return name
}

/** Far more than any symbol has: a bound on what a spoilt table can make of one byte. */
const MAX_NAME_LETTERS = 1024

/** Offsets are from an address that the table does not name; a symbol in both lists tells it. */
function originOf(
  image: Image,
  entries: readonly { readonly name: string; readonly offset: bigint }[],
): bigint | undefined {
  for (const wanted of ['_stext', '_start']) {
    const known = image.find(wanted)
    const entry = entries.find(({ name }) => name === wanted)
    if (known.kind === 'found' && entry !== undefined) return known.symbol.address - entry.offset
  }
  return undefined
}
