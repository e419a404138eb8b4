/**
 * Code of the hypervisor that cannot run on hosts with one vendor's CPUs.
 *
 * The argument is in docs/design/0006-where-spliced-code-lives.md: `start_vmx` is called only on
 * CPUs that have VMX, so what nothing but `start_vmx` leads to cannot run where it was not called.
 * The same holds for `start_svm`.
 *
 * @module
 */

import { advance, distance, type VirtualAddress } from '../../address/address.ts'
import { type AddressRange, contains, overlaps, rangeEnd } from '../../address/address-range.ts'
import type { UnusedVendor } from '../../hotfix/splice-study.ts'
import type { Image, ImageSymbol } from '../../image/image.ts'
import { type ImageReferences, symbolSpans } from '../../image/image-references.ts'
import { imageAlternatives, imageExceptions } from '../../image/image-tables.ts'
import { isCodePadding } from '../../image/nop.ts'
import { ENDBR64 } from '../../x86/endbr64.ts'
import { beginsWithEndbr } from '../../image/begins-with-endbr.ts'
import { scanReferences } from '../../x86/scan-references.ts'

/** The one way into a vendor's code. */
const STARTS: Readonly<Record<UnusedVendor, string>> = { amd: 'start_svm', intel: 'start_vmx' }

/** Bytes of a function that cannot run, and that hold in memory what was linked. */
export interface UnrunnableRun extends AddressRange<VirtualAddress> {
  readonly function: ImageSymbol
}

/**
 * The functions in `.text` that nothing leads to but the vendor's start function, by rising
 * address. Empty where the image has no such function.
 *
 * `alsoRun` are addresses that something outside of the image leads to: new code, for one.
 */
export function unrunnableFunctions(
  image: Image,
  references: ImageReferences,
  vendor: UnusedVendor,
  alsoRun: readonly VirtualAddress[],
): readonly ImageSymbol[] {
  const start = image.find(STARTS[vendor])
  if (start.kind !== 'found') return []
  const nodes = new CodeNodes(image)
  const { leadsTo, named } = edgesOf(image, references, nodes)
  const entered: readonly Node[] = [
    ROOT,
    ...nodes.all.filter((node) => !named.has(node) && !nodes.isPadding(node)),
  ]
  const withIt = reach(leadsTo, entered, undefined)
  // What not even the start function leads to is run in a way that is not known here.
  const unknown = nodes.all.filter((node) => !withIt.has(node) && !nodes.isPadding(node))
  const from: readonly Node[] = [...entered, ...unknown, ...alsoRun.map((at) => nodes.at(at))]
  const withoutIt = reach(leadsTo, from, nodes.at(start.symbol.address))
  return nodes.functions.filter(
    (symbol) => contains(image.text, bytesOf(symbol)) && !withoutIt.has(symbol.address),
  )
}

/**
 * What of the functions holds in memory exactly what was linked.
 *
 * Left out are an `endbr64` at the entry, which boot takes away on some CPUs, alternatives, and the
 * first byte of instructions for which Xen has a way out of a fault: what faults there would take
 * it. Bug frames are not left out. They say something of a `ud2` only.
 */
export function untouchedRuns(
  image: Image,
  functions: readonly ImageSymbol[],
): readonly UnrunnableRun[] {
  const fixed = [
    ...imageAlternatives(image).map(({ site }) => site),
    ...imageExceptions(image).map(({ at }) => ({ start: at, byteLength: 1 })),
  ].toSorted((a, b) => distance(b.start, a.start))
  const longest = fixed.reduce((most, { byteLength }) => Math.max(most, byteLength), 0)
  return functions.flatMap((symbol) => {
    const whole = bytesOf(symbol)
    const first = firstFrom(fixed, whole.start - BigInt(longest))
    const own = fixed
      .slice(first, firstFrom(fixed, rangeEnd(whole)))
      .filter((range) => overlaps(range, whole))
    if (beginsWithEndbr(image, whole.start)) {
      own.push({ start: whole.start, byteLength: ENDBR64.length })
    }
    own.sort((a, b) => distance(b.start, a.start))
    const runs: UnrunnableRun[] = []
    let start = whole.start
    for (const range of [...own, { start: rangeEnd(whole), byteLength: 0 }]) {
      const byteLength = distance(start, range.start)
      if (byteLength > 0) runs.push({ start, byteLength, function: symbol })
      if (rangeEnd(range) > start) start = rangeEnd(range)
    }
    return runs
  })
}

/** The index of the first range that begins at the address or above. */
function firstFrom(sorted: readonly AddressRange<VirtualAddress>[], address: bigint): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const range = sorted[middle]
    if (range !== undefined && range.start < address) low = middle + 1
    else high = middle
  }
  return low
}

/** A node of the graph: the address that it begins at, or `ROOT` for all that may always run. */
type Node = VirtualAddress | typeof ROOT

const ROOT = 'root'

/** How far in front of an array a compiler's base for it may lie. */
const ELEMENT_BYTES = 16n

type Edges = ReadonlyMap<Node, ReadonlySet<Node>>

/**
 * The image as things that lead to one another: functions, pieces of code that belong to none, and
 * the variables that are freed after boot. Everything else counts as one that always runs.
 */
class CodeNodes {
  readonly functions: readonly ImageSymbol[]
  readonly pieces: readonly Piece[]
  readonly all: readonly VirtualAddress[]
  readonly #image: Image
  readonly #constants: readonly ImageSymbol[]
  readonly #padding: ReadonlySet<VirtualAddress>

  constructor(image: Image) {
    this.#image = image
    const executable = image.sections.filter((section) => section.executable)
    const starts = new Map<VirtualAddress, ImageSymbol>()
    for (const symbol of image.symbols) {
      if (symbol.kind !== 'function' || symbol.byteLength === 0) continue
      const owner = image.functionAt(symbol.address)
      if (owner !== undefined) starts.set(owner.address, owner)
    }
    this.functions = [...starts.values()]
    this.pieces = executable.flatMap((section) => piecesOf(image, section))
    const padding = this.pieces.filter((piece) => isCodePadding(image.bytesAt(piece) ?? NO_PADDING))
    this.#padding = new Set(padding.map(({ start }) => start))
    const lasting = image.sections.filter(({ name }) => name === '.rodata' || name === '.init.data')
    this.#constants = disjoint(
      image.symbols.filter(
        (symbol) =>
          symbol.kind === 'object' &&
          symbol.byteLength > 0 &&
          lasting.some((section) => contains(section, bytesOf(symbol))),
      ),
    )
    this.all = [
      ...this.functions.map(({ address }) => address),
      ...this.pieces.map(({ start }) => start),
      ...this.#constants.map(({ address }) => address),
    ]
  }

  /** Whether it is nothing but what stands between functions to align them. */
  isPadding(node: VirtualAddress): boolean {
    return this.#padding.has(node)
  }

  at(address: VirtualAddress): Node {
    const owner = this.#image.functionAt(address)
    if (owner !== undefined) return owner.address
    const piece = lastNotAbove(this.pieces, address, ({ start }) => start)
    if (piece !== undefined && address < rangeEnd(piece)) return piece.start
    const object = lastNotAbove(this.#constants, address, (symbol) => symbol.address)
    const inside = object !== undefined && address < rangeEnd(bytesOf(object))
    return inside ? object.address : ROOT
  }

  /**
   * What a reference to `address` may mean. Compilers count from behind a constant's end, or from
   * one element in front of it.
   */
  meantBy(address: VirtualAddress): readonly Node[] {
    const node = this.at(address)
    const last = lastNotAbove(this.#constants, address, (symbol) => symbol.address)
    if (last === undefined) return [node]
    const meant = [node]
    const before = lastNotAbove(this.#constants, advance(address, -1), (symbol) => symbol.address)
    if (before !== undefined && rangeEnd(bytesOf(before)) === address) meant.push(before.address)
    const next = this.#constants[this.#constants.indexOf(last) + 1]
    if (last.address !== address && next !== undefined && next.address - address <= ELEMENT_BYTES) {
      meant.push(next.address)
    }
    return meant
  }
}

/** Stands for bytes that are not there. */
const NO_PADDING = Uint8Array.of(0)

/** Code that belongs to no function, up to where it ends, or to the next symbol. */
interface Piece extends AddressRange<VirtualAddress> {
  /** Whether execution may go on behind it. */
  readonly runsOff: boolean
}

function piecesOf(image: Image, section: AddressRange<VirtualAddress>): readonly Piece[] {
  const pieces: Piece[] = []
  for (const gap of codeGaps(image, section)) {
    const bytes = image.bytesAt(gap)
    if (bytes === undefined) continue
    const cuts = [0]
    const runsOff = scanReferences(bytes, gap.start, {
      reference: () => undefined,
      flowEnds: (offset) => cuts.push(offset),
    })
    for (const [index, cut] of cuts.entries()) {
      const end = cuts[index + 1] ?? gap.byteLength
      if (end <= cut) continue
      const isLast = index === cuts.length - 1
      pieces.push({
        start: advance(gap.start, cut),
        byteLength: end - cut,
        runsOff: isLast && runsOff,
      })
    }
  }
  return pieces
}

/** What of a section no function covers, cut at every symbol and where functions begin or end. */
function codeGaps(
  image: Image,
  section: AddressRange<VirtualAddress>,
): readonly AddressRange<VirtualAddress>[] {
  const gaps: AddressRange<VirtualAddress>[] = []
  for (const span of symbolSpans(image, section)) {
    let start = span.start
    const owner = image.functionAt(start)
    if (owner !== undefined) start = rangeEnd(bytesOf(owner))
    const byteLength = distance(start, rangeEnd(span))
    if (byteLength > 0 && image.functionAt(start) === undefined) gaps.push({ start, byteLength })
  }
  return gaps
}

/**
 * What leads to what, and which nodes are certainly led to. A function that stands behind one that
 * does not seem to end is not: a call that never comes back looks so.
 */
function edgesOf(
  image: Image,
  references: ImageReferences,
  nodes: CodeNodes,
): { readonly leadsTo: Edges; readonly named: ReadonlySet<Node> } {
  const named = new Set<Node>()
  const edges = new Map<Node, Set<Node>>(nodes.all.map((node) => [node, new Set()]))
  edges.set(ROOT, new Set())
  const add = (from: Node, to: Node): void => {
    if (from !== to) edges.get(from)?.add(to)
  }
  const sites = new ReplacementSites(image)
  const isMereAddress = mereAddresses(image)
  for (const { from, to } of references.all) {
    if (isMereAddress(from, to)) continue
    const source = nodes.at(sites.siteOf(from) ?? from)
    const node = nodes.at(to)
    if (source !== node) named.add(node)
    for (const target of nodes.meantBy(to)) add(source, target)
  }
  for (const piece of nodes.pieces) {
    if (!piece.runsOff) continue
    const next = nodes.at(rangeEnd(piece))
    add(piece.start, next)
    if (image.functionAt(rangeEnd(piece)) === undefined) named.add(next)
  }
  for (const symbol of nodes.functions) {
    const bytes = image.bytesAt(bytesOf(symbol))
    const runsOff =
      bytes === undefined || scanReferences(bytes, symbol.address, { reference: () => undefined })
    if (runsOff) add(symbol.address, nodes.at(rangeEnd(bytesOf(symbol))))
  }
  return { leadsTo: edges, named }
}

/**
 * Code that uses an address without ever going there, and keeps nothing of it.
 *
 * Boot walks over both vendors' tables of functions, to take `endbr64` away; the tables lie behind
 * the symbol where the walk begins (`_apply_alternatives`, xen/arch/x86/alternative.c, since 4.17).
 * The profiler compares the address of an interruption with a label of AMD's
 * (`athlon_check_ctrs`, xen/arch/x86/oprofile/op_model_athlon.c).
 */
const MERE_ADDRESSES: readonly (readonly [user: string, used: string])[] = [
  ['_apply_alternatives', '__initdata_cf_clobber_start'],
  ['athlon_check_ctrs', 'svm_stgi_label'],
]

function mereAddresses(image: Image): (from: VirtualAddress, to: VirtualAddress) => boolean {
  const known = MERE_ADDRESSES.flatMap(([user, used]) => {
    const code = image.find(user)
    const address = image.find(used)
    const both = code.kind === 'found' && address.kind === 'found'
    return both ? [{ code: bytesOf(code.symbol), address: address.symbol.address }] : []
  })
  return (from, to) =>
    known.some(
      ({ code, address }) => to === address && contains(code, { start: from, byteLength: 1 }),
    )
}

/** Replacements are linked elsewhere than they run: each belongs to the site that it is for. */
class ReplacementSites {
  readonly #sorted: readonly {
    readonly replacement: AddressRange<VirtualAddress>
    readonly site: VirtualAddress
  }[]

  constructor(image: Image) {
    this.#sorted = imageAlternatives(image)
      .filter(({ replacement }) => replacement.byteLength > 0)
      .map(({ replacement, site }) => ({ replacement, site: site.start }))
      .toSorted((a, b) => distance(b.replacement.start, a.replacement.start))
  }

  siteOf(address: VirtualAddress): VirtualAddress | undefined {
    const found = lastNotAbove(this.#sorted, address, ({ replacement }) => replacement.start)
    return found !== undefined && address < rangeEnd(found.replacement) ? found.site : undefined
  }
}

function reach(edges: Edges, from: readonly Node[], without: Node | undefined): Set<Node> {
  const reached = new Set<Node>()
  const open = [...from]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (reached.has(node) || node === without) continue
    reached.add(node)
    open.push(...(edges.get(node) ?? []))
  }
  return reached
}

function lastNotAbove<T>(
  sorted: readonly T[],
  address: VirtualAddress,
  startOf: (item: T) => VirtualAddress,
): T | undefined {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const item = sorted[middle]
    if (item !== undefined && startOf(item) <= address) low = middle + 1
    else high = middle
  }
  return sorted[low - 1]
}

/** Of constants that share bytes, the first, whole. */
function disjoint(sorted: readonly ImageSymbol[]): readonly ImageSymbol[] {
  const kept: ImageSymbol[] = []
  for (const symbol of sorted) {
    const last = kept.at(-1)
    if (last === undefined || rangeEnd(bytesOf(last)) <= symbol.address) kept.push(symbol)
  }
  return kept
}

function bytesOf(symbol: ImageSymbol): AddressRange<VirtualAddress> {
  return { start: symbol.address, byteLength: symbol.byteLength }
}
