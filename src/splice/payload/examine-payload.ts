import { advance, distance, type VirtualAddress } from '../../address/address.ts'
import { type AddressRange, contains, rangeEnd } from '../../address/address-range.ts'
import type { Image, ImageSymbol } from '../../image/image.ts'
import type { LinkedAlternative } from '../../payload/link-payload.ts'
import type { PayloadSection } from '../../payload/payload-code.ts'
import type { GeneralRegister } from '../../x86/general-register.ts'
import { EntrySwitches } from '../entry/find-entry-switch.ts'
import { unreadRegisters } from '../entry/unread-registers.ts'
import { FunctionSweeps } from '../function-sweeps.ts'
import {
  type CheckedFunction,
  type CheckedOrder,
  type CheckedPayload,
  checkSpliceOrder,
} from './check-splice-order.ts'
import type { ReplacedFunction } from './needed-switches.ts'
import { type RoomRun, unrunnableRoom } from './room.ts'
import type { SpliceRefusal } from './splice-refusal.ts'
import type {
  SpliceStudy,
  StudiedPlace,
  StudiedReference,
  UnusedVendor,
} from '../../hotfix/splice-study.ts'
import { StudiedArrivals } from './studied-arrivals.ts'
import { untouchedRuns } from './unrunnable-code.ts'

/** What is to be spliced in, and what its operator allows. */
export interface PayloadOrder extends CheckedOrder {
  /** The hotfix's name and its advisory, for the plan. */
  readonly name: string
  readonly advisory: string
  /**
   * Allows new code to lie over code for this vendor's CPUs. The caller knows that the host has
   * none of them; nothing here can.
   */
  readonly reuse: UnusedVendor | undefined
}

/** A replaced function as the plan needs it. */
export interface ExaminedFunction extends CheckedFunction, ReplacedFunction {
  /** Registers whose values at the call its new code never reads. */
  readonly unread: ReadonlySet<GeneralRegister>
}

/** What can be said of a payload without a look at the running hypervisor. */
export interface ExaminedPayload {
  readonly kind: 'examined'
  readonly order: PayloadOrder
  readonly functions: readonly ExaminedFunction[]
  readonly entries: EntrySwitches
  /** The sections that need a place, in the order of the payload. */
  readonly toPlace: readonly PayloadSection[]
  /** Where the image has the others, by section. */
  readonly shared: ReadonlyMap<number, VirtualAddress>
  /** The code of the other vendor that may be overwritten. */
  readonly unrunnable: readonly RoomRun[]
  /** As linked to provisional places: what matters are features and pointers. */
  readonly alternatives: readonly LinkedAlternative[]
}

export type PayloadExamination =
  | ExaminedPayload
  | { readonly kind: 'refused'; readonly refusals: readonly SpliceRefusal[] }

/**
 * Checks a payload against the image it is for, as linked, with what a study of both told before.
 *
 * What the study says of the whole image is believed as the payload's code is, for it comes from the
 * same builder: which functions need no switch, where in their first bytes execution may arrive, and
 * which functions cannot run. Whatever can be checked without decoding the image is: the study is of
 * these functions, each place is the beginning of a function of that name in `.text`, none of those
 * that cannot run is replaced. Which of their bytes boot leaves alone is found anew, and the precheck
 * compares every byte with memory before it is overwritten.
 */
export function examinePayload(order: PayloadOrder, study: SpliceStudy): PayloadExamination {
  const checked = checkSpliceOrder(order)
  if (checked.kind === 'refused') return checked
  const { image, reuse } = order
  const refusals = [...checked.refusals]
  const misfit = misfitOf(image, checked.functions, study)
  if (misfit !== undefined) refusals.push({ kind: 'study-does-not-fit', about: misfit })
  if (study.functions.every(({ reachedBy }) => reachedBy === undefined)) {
    refusals.push({ kind: 'nothing-to-switch' })
  }
  if (refusals.length > 0) return { kind: 'refused', refusals }
  const unrunnable =
    reuse === undefined
      ? []
      : untouchedRuns(
          image,
          study.unrunnable[reuse].flatMap((place) => functionOf(image, place) ?? []),
        ).map((run) => unrunnableRoom(image, run, reuse))
  const arrivals = new StudiedArrivals(image, study.functions)
  const { toPlace, shared, linked } = checked
  const functions = checked.functions.map((one, index) => ({
    ...one,
    reachedBy: referenceOf(image, study.functions[index]?.reachedBy),
    unread: unreadBy(one, linked),
  }))
  const entries = new EntrySwitches(new FunctionSweeps(image), arrivals)
  const fixed = fixedEntries(functions, entries)
  if (fixed.length > 0) return { kind: 'refused', refusals: fixed }
  return {
    kind: 'examined',
    order,
    functions,
    entries,
    toPlace,
    shared,
    unrunnable,
    alternatives: linked.alternatives,
  }
}

/** The functions whose calls cannot be sent elsewhere, were all free bytes of the image still free. */
function fixedEntries(
  functions: readonly ExaminedFunction[],
  entries: EntrySwitches,
): readonly SpliceRefusal[] {
  return functions.flatMap(({ name, symbol, reachedBy, unread }): SpliceRefusal[] => {
    if (reachedBy === undefined) return []
    const found = entries.find(symbol, { isFree: () => true, unread })
    return found.kind === 'cannot' ? [{ kind: 'entry-fixed', function: name, fixed: found }] : []
  })
}

/** What the study says that is not so, as far as that shows. */
function misfitOf(
  image: Image,
  functions: readonly CheckedFunction[],
  study: SpliceStudy,
): string | undefined {
  const isOfThese =
    functions.length === study.functions.length &&
    functions.every(({ symbol }, index) => {
      const studied = study.functions[index]
      return studied !== undefined && functionOf(image, studied)?.address === symbol.address
    })
  if (!isOfThese) return 'other functions'
  const replaced = new Set(functions.map(({ symbol }) => symbol.address))
  for (const place of [...study.unrunnable.amd, ...study.unrunnable.intel]) {
    const symbol = functionOf(image, place)
    if (symbol === undefined) return `${place.name}, where the build has no such function`
    if (replaced.has(symbol.address)) return `${place.name} as one that cannot run`
  }
  return undefined
}

function functionOf(image: Image, { name, at }: StudiedPlace): ImageSymbol | undefined {
  const symbol = image.functionAt(advance(image.start, at))
  const begins = symbol !== undefined && distance(image.start, symbol.address) === at
  if (!begins || symbol.name !== name) return undefined
  const range = { start: symbol.address, byteLength: symbol.byteLength }
  return contains(image.text, range) ? symbol : undefined
}

function referenceOf(
  image: Image,
  reference: StudiedReference | undefined,
): ReplacedFunction['reachedBy'] {
  if (reference === undefined) return undefined
  const { from, to, form } = reference
  return { from: advance(image.start, from), to: advance(image.start, to), form }
}

/** No entry has more instructions in front of its switch than fit in here. */
const READ_BYTES = 128

/** What the new code does not read, as far as no alternative may change what it is. */
function unreadBy(
  { code: { section, offset } }: CheckedFunction,
  { sections, alternatives }: CheckedPayload['linked'],
): ReadonlySet<GeneralRegister> {
  const own = sections.find((each) => each.section === section)
  if (own === undefined) return new Set()
  const sites = alternatives.filter((each) => each.section === section && each.offset >= offset)
  const end = Math.min(offset + READ_BYTES, ...sites.map((site) => site.offset))
  return unreadRegisters(own.bytes.subarray(offset, end), advance(own.start, offset))
}

/** How far around an entry relays may lie that its switch is made with. */
const RELAYS_WITHIN_BYTES = 1024

/** The part of `.text` in which the relays of a function's switch may lie, and its own bytes. */
export function entryNeighbourhood(
  image: Image,
  { address }: ImageSymbol,
): AddressRange<VirtualAddress> {
  const { start: first } = image.text
  const end = rangeEnd(image.text)
  const lowest = address - BigInt(RELAYS_WITHIN_BYTES)
  const start = (lowest > first ? lowest : first) as VirtualAddress
  const highest = advance(address, RELAYS_WITHIN_BYTES)
  return { start, byteLength: distance(start, highest < end ? highest : end) }
}
