/**
 * The tables by which Xen finds instructions by their address.
 *
 * Layouts as of Xen 4.17: `struct alt_instr` (xen/arch/x86/include/asm/alternative.h), `struct
 * exception_table_entry` (asm/uaccess.h), `struct bug_frame` (asm/bug.h; since 4.19
 * xen/include/xen/bug.h and xen.lds.h). An image without a table's symbols has no entries in it.
 *
 * @module
 */

import { advance, type VirtualAddress } from '../address/address.ts'
import { type AddressRange, contains } from '../address/address-range.ts'
import type { Image } from './image.ts'
import { rangeBetween } from './table-between.ts'

/** Bytes that boot may replace according to the CPU's features. */
export interface ImageAlternative {
  /** The instructions as linked, with the NOPs behind them. */
  readonly site: AddressRange<VirtualAddress>
  /** How many of the site's bytes are those NOPs. */
  readonly padByteLength: number
  readonly replacement: AddressRange<VirtualAddress>
  /** 32 * word + bit. */
  readonly feature: number
  /** Whether the replacement is for CPUs without the feature. */
  readonly negated: boolean
}

/** An instruction that may fault, and where execution then goes on. */
export interface ImageException {
  readonly at: VirtualAddress
  readonly goesOnAt: VirtualAddress
}

/** A `ud2` that Xen knows the meaning of. */
export interface ImageBugFrame {
  readonly at: VirtualAddress
  /** Whether Xen goes on behind it: a function is run instead, or a warning printed. */
  readonly goesOn: boolean
  /** A file's name, or the function that is to be run instead. */
  readonly names: VirtualAddress
}

/** Entries of `struct alt_instr`, and where the length of the padding is: since 4.11, and before. */
const ALTERNATIVE_LAYOUTS = [
  { entryBytes: 14, padAt: 12 },
  { entryBytes: 12, padAt: undefined },
] as const

const EXCEPTION_BYTES = 8
const BUG_FRAME_BYTES = 8
const FLAG_NOT = 0x8000
/** `BUG_DISP_WIDTH`: the bits of a frame's words that hold distances; the others hold a line. */
const BUG_DISPLACEMENT_BITS = 24

/**
 * The table of alternatives, in its order, in which boot applies it. Empty where it is of a form
 * that is not known.
 */
export function imageAlternatives(image: Image): readonly ImageAlternative[] {
  return oncePerImage(ALTERNATIVES, image, readAlternatives)
}

/** What was read of images, which never change. */
const ALTERNATIVES = new WeakMap<Image, readonly ImageAlternative[]>()
const EXCEPTIONS = new WeakMap<Image, readonly ImageException[]>()
const BUG_FRAMES = new WeakMap<Image, readonly ImageBugFrame[]>()

function oncePerImage<T extends object>(
  known: WeakMap<Image, T>,
  image: Image,
  read: (image: Image) => T,
): T {
  const found = known.get(image)
  if (found !== undefined) return found
  const made = read(image)
  known.set(image, made)
  return made
}

function readAlternatives(image: Image): readonly ImageAlternative[] {
  const bounds = ['__alt_instructions', '__alt_instructions_end'] as const
  const table = rangeBetween(image, ...bounds)
  for (const { entryBytes, padAt } of ALTERNATIVE_LAYOUTS) {
    if (table === undefined || table.byteLength % entryBytes !== 0) continue
    const entries = entriesBetween(image, bounds, entryBytes, (view, at) =>
      readAlternative(view, at, padAt),
    )
    if (entries.every(({ site }) => isCode(image, site))) return entries
  }
  return []
}

function readAlternative(
  view: DataView,
  at: VirtualAddress,
  padAt: number | undefined,
): ImageAlternative {
  const padByteLength = padAt === undefined ? 0 : view.getUint8(padAt)
  const feature = view.getUint16(8, true)
  return {
    site: {
      start: advance(at, view.getInt32(0, true)),
      byteLength: view.getUint8(10) + padByteLength,
    },
    padByteLength,
    replacement: {
      start: advance(at, 4 + view.getInt32(4, true)),
      byteLength: view.getUint8(11),
    },
    feature: feature & ~FLAG_NOT,
    negated: (feature & FLAG_NOT) !== 0,
  }
}

function isCode(image: Image, range: AddressRange<VirtualAddress>): boolean {
  return image.sections.some((section) => section.executable && contains(section, range))
}

/** Both exception tables: the one for the running hypervisor, and the one that comes before it. */
export function imageExceptions(image: Image): readonly ImageException[] {
  return oncePerImage(EXCEPTIONS, image, readExceptions)
}

function readExceptions(image: Image): readonly ImageException[] {
  const tables = [
    ['__start___ex_table', '__stop___ex_table'],
    ['__start___pre_ex_table', '__stop___pre_ex_table'],
  ] as const
  return tables.flatMap((bounds) =>
    entriesBetween(image, bounds, EXCEPTION_BYTES, (view, at) => ({
      at: advance(at, view.getInt32(0, true)),
      goesOnAt: advance(at, 4 + view.getInt32(4, true)),
    })),
  )
}

/** Every bug frame. An assertion's second half counts as a frame whose instruction is itself. */
export function imageBugFrames(image: Image): readonly ImageBugFrame[] {
  return oncePerImage(BUG_FRAMES, image, readBugFrames)
}

function readBugFrames(image: Image): readonly ImageBugFrame[] {
  const lastThatGoOn = image.find('__stop_bug_frames_1')
  const goOnUpTo = lastThatGoOn.kind === 'found' ? lastThatGoOn.symbol.address : 0n
  return entriesBetween(image, bugFrameBounds(image), BUG_FRAME_BYTES, (view, at) => ({
    at: advance(at, bugDisplacement(view.getInt32(0, true))),
    goesOn: at < goOnUpTo,
    names: advance(at, bugDisplacement(view.getInt32(4, true))),
  }))
}

/** All four kinds, one behind the other. Since Xen 4.19 each has a symbol where it starts. */
function bugFrameBounds(image: Image): Bounds {
  const hasOne = image.find('__start_bug_frames').kind === 'found'
  return [hasOne ? '__start_bug_frames' : '__start_bug_frames_0', '__stop_bug_frames_3']
}

function bugDisplacement(word: number): number {
  const unused = 32 - BUG_DISPLACEMENT_BITS
  return (word << unused) >> unused
}

/** The bytes of all these tables: distances in them are keys, and lead nowhere. */
export function imageTableRanges(image: Image): readonly AddressRange<VirtualAddress>[] {
  const bounds: readonly Bounds[] = [
    ['__alt_instructions', '__alt_instructions_end'],
    ['__start___ex_table', '__stop___ex_table'],
    ['__start___pre_ex_table', '__stop___pre_ex_table'],
    bugFrameBounds(image),
  ]
  return bounds.flatMap((each) => rangeBetween(image, ...each) ?? [])
}

type Bounds = readonly [first: string, end: string]

function entriesBetween<T>(
  image: Image,
  bounds: Bounds,
  entryBytes: number,
  read: (entry: DataView, at: VirtualAddress) => T,
): readonly T[] {
  const range = rangeBetween(image, ...bounds)
  const bytes = range && image.bytesAt(range)
  if (range === undefined || bytes === undefined) return []
  const entries: T[] = []
  for (let offset = 0; offset + entryBytes <= bytes.byteLength; offset += entryBytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + offset, entryBytes)
    entries.push(read(view, advance(range.start, offset)))
  }
  return entries
}
