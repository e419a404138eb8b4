import { advance, alignUp, distance, type VirtualAddress } from '../../address/address.ts'
import { type AddressRange, rangeEnd } from '../../address/address-range.ts'
import type { Image, ImageSymbol } from '../../image/image.ts'
import { findReferences } from '../../image/image-references.ts'
import {
  type LinkedAlternative,
  type LinkedFunction,
  linkPayload,
  type LinkedSection,
} from '../../payload/link-payload.ts'
import type { Payload } from '../../payload/payload.ts'
import { payloadCode, type PayloadSection } from '../../payload/payload-code.ts'
import { EntrySwitches } from '../entry/find-entry-switch.ts'
import { FunctionSweeps } from '../function-sweeps.ts'
import { lockCalls, sameLocks } from './lock-calls.ts'
import { neededSwitches, type ReplacedFunction } from './needed-switches.ts'
import type { SpliceRefusal } from './splice-refusal.ts'
import { type RoomRun, unrunnableRoom } from './room.ts'
import { sharedConstant } from './shared-constants.ts'
import { targetsOf } from './targets-of.ts'
import { unrunnableFunctions, untouchedRuns, type UnusedVendor } from './unrunnable-code.ts'

/** What is to be spliced in, and what its operator allows. */
export interface PayloadOrder {
  /** The hotfix's name and its advisory, for the plan. */
  readonly name: string
  readonly advisory: string
  readonly payload: Payload
  readonly image: Image
  /**
   * Allows new code to lie over code for this vendor's CPUs. The caller knows that the host has
   * none of them; nothing here can.
   */
  readonly reuse: UnusedVendor | undefined
  /**
   * Why old and new code may run side by side although they seem to lock differently, in the words
   * of the hotfix's author. Undefined where nothing was said.
   */
  readonly sideBySide: string | undefined
}

/** A replaced function as the plan needs it. */
export interface ExaminedFunction extends ReplacedFunction {
  readonly name: string
  /** Where its new code begins. */
  readonly code: { readonly section: number; readonly offset: number }
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

/** Checks a payload against the image it is for, as linked. */
export function examinePayload(order: PayloadOrder): PayloadExamination {
  const { payload, image } = order
  const refusals: SpliceRefusal[] = [...baseRefusals(order)]
  // Every other finding would be about another hypervisor's bytes.
  if (refusals.length > 0) return { kind: 'refused', refusals }
  if (payload.hooks.length > 0) refusals.push({ kind: 'hooks', hooks: payload.hooks })
  const sections = payloadCode(payload)
  for (const { kind, name, byteLength } of sections) {
    if (kind === 'data') refusals.push({ kind: 'writable-data', section: name, byteLength })
  }
  const shared = sharedSections(payload, image, sections)
  const toPlace = sections.filter(({ section }) => !shared.has(section))
  const provisional = provisionalPlaces(image, toPlace)
  const linked = linkPayload(payload, new Map([...shared, ...provisional]), image)
  if (linked.kind === 'refused') {
    for (const refusal of linked.refusals) refusals.push({ kind: 'not-linkable', refusal })
    return { kind: 'refused', refusals }
  }
  const { bugFrames, exceptions, alternatives } = linked
  if (bugFrames > 0) refusals.push({ kind: 'bug-frames', count: bugFrames })
  if (exceptions > 0) refusals.push({ kind: 'exceptions', count: exceptions })

  const found = replacedFunctions(image, linked.functions)
  refusals.push(...found.refusals)
  if (refusals.length > 0) return { kind: 'refused', refusals }

  const symbols = found.functions.map(({ symbol }) => symbol)
  const references = findReferences(image)
  const reached = neededSwitches(image, references, symbols)
  const functions = found.functions.map((one, index) => ({
    ...one,
    reachedBy: reached[index]?.reachedBy,
  }))
  if (functions.every(({ reachedBy }) => reachedBy === undefined)) {
    refusals.push({ kind: 'nothing-to-switch' })
  }
  const locks = lockCalls(image, symbols, linked.sections.filter(isCode))
  if (!sameLocks(locks) && order.sideBySide === undefined) {
    refusals.push({ kind: 'lock-protocol-may-differ', ...locks })
  }
  if (refusals.length > 0) return { kind: 'refused', refusals }
  const { reuse } = order
  const unrunnable =
    reuse === undefined
      ? []
      : untouchedRuns(
          image,
          unrunnableFunctions(image, references, reuse, targetsOf(linked)).filter(
            (symbol) => !symbols.some(({ address }) => address === symbol.address),
          ),
        ).map((run) => unrunnableRoom(image, run, reuse))
  const entries = new EntrySwitches(new FunctionSweeps(image))
  return { kind: 'examined', order, functions, entries, toPlace, shared, unrunnable, alternatives }
}

function replacedFunctions(
  image: Image,
  linked: readonly LinkedFunction[],
): {
  readonly functions: readonly Omit<ExaminedFunction, 'reachedBy'>[]
  readonly refusals: readonly SpliceRefusal[]
} {
  const functions: Omit<ExaminedFunction, 'reachedBy'>[] = []
  const refusals: SpliceRefusal[] = []
  for (const { function: replaced, oldAddress } of linked) {
    const { name, expected, code } = replaced
    const symbol = image.functionAt(oldAddress)
    const differing = expected && expectationRefusal(image, name, oldAddress, expected)
    if (differing !== undefined) refusals.push(differing)
    if (code === undefined) refusals.push({ kind: 'nops-in-place', function: name })
    else if (symbol?.address === oldAddress) functions.push({ name, symbol, code })
    else refusals.push({ kind: 'no-such-function', function: name, at: oldAddress })
  }
  return { functions, refusals }
}

function isCode(section: LinkedSection): boolean {
  return section.kind === 'code'
}

function baseRefusals({ payload, image }: PayloadOrder): readonly SpliceRefusal[] {
  const wanted = [payload.xenBuildId ?? image.buildId, payload.dependsOn]
  return wanted.flatMap((each, index) =>
    each === image.buildId || wanted.indexOf(each) !== index
      ? []
      : [{ kind: 'other-base', wanted: each, found: image.buildId }],
  )
}

function expectationRefusal(
  image: Image,
  name: string,
  start: VirtualAddress,
  wanted: Uint8Array,
): SpliceRefusal | undefined {
  const found = image.bytesAt({ start, byteLength: wanted.byteLength }) ?? new Uint8Array(0)
  if (wanted.every((byte, index) => byte === found[index])) return undefined
  return { kind: 'expectation-differs-from-base', function: name, found, wanted }
}

/** The constants that the image has too. Those with relocations are no plain bytes, and left out. */
function sharedSections(
  { elf }: Payload,
  image: Image,
  sections: readonly PayloadSection[],
): ReadonlyMap<number, VirtualAddress> {
  const shared = new Map<number, VirtualAddress>()
  for (const { section, kind, alignment, byteLength } of sections) {
    // Without bytes, any place will do.
    if (byteLength === 0) shared.set(section, image.text.start)
    const bytes = elf.sections[section]?.bytes
    const relocated = elf.relocationTables.some(
      ({ target, relocations }) => target === section && relocations.length > 0,
    )
    if (byteLength === 0 || kind !== 'constant' || bytes === undefined || relocated) continue
    const at = sharedConstant(image, bytes, alignment)
    if (at !== undefined) shared.set(section, at)
  }
  return shared
}

/** Somewhere in reach of the whole image, one behind the other. Nothing is written there. */
function provisionalPlaces(
  image: Image,
  sections: readonly PayloadSection[],
): ReadonlyMap<number, VirtualAddress> {
  const places = new Map<number, VirtualAddress>()
  let next = rangeEnd(image.text)
  for (const { section, byteLength, alignment } of sections) {
    const at = alignUp(next, alignment)
    places.set(section, at)
    next = advance(at, byteLength)
  }
  return places
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
