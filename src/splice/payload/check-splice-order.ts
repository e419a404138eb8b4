import { advance, alignUp, type VirtualAddress } from '../../address/address.ts'
import { rangeEnd } from '../../address/address-range.ts'
import type { Image, ImageSymbol } from '../../image/image.ts'
import {
  type LinkedAlternative,
  type LinkedFunction,
  linkPayload,
  type LinkedSection,
} from '../../payload/link-payload.ts'
import type { Payload } from '../../payload/payload.ts'
import { payloadCode, type PayloadSection } from '../../payload/payload-code.ts'
import { lockCalls, sameLocks } from './lock-calls.ts'
import { sharedConstant } from './shared-constants.ts'
import type { SpliceRefusal } from './splice-refusal.ts'

/** A payload, and the image that it is to be spliced into. */
export interface CheckedOrder {
  readonly payload: Payload
  readonly image: Image
  /**
   * Why old and new code may run side by side although they seem to lock differently, in the words
   * of the hotfix's author. Undefined where nothing was said.
   */
  readonly sideBySide: string | undefined
}

/** A replaced function of the image, and its new code. */
export interface CheckedFunction {
  readonly name: string
  readonly symbol: ImageSymbol
  /** Where its new code begins. */
  readonly code: { readonly section: number; readonly offset: number }
}

/** What a look at the payload and at the replaced functions tells. */
export interface CheckedPayload {
  readonly kind: 'checked'
  readonly functions: readonly CheckedFunction[]
  /** The sections that need a place, in the order of the payload. */
  readonly toPlace: readonly PayloadSection[]
  /** Where the image has the others, by section. */
  readonly shared: ReadonlyMap<number, VirtualAddress>
  /** As linked to provisional places, which nothing is written to. */
  readonly linked: {
    readonly sections: readonly LinkedSection[]
    readonly alternatives: readonly LinkedAlternative[]
  }
  /** What speaks against the splice although all of the above could be found. */
  readonly refusals: readonly SpliceRefusal[]
}

/** Checks a payload against the image it is for, as linked. Looks at the replaced functions only. */
export function checkSpliceOrder(
  order: CheckedOrder,
): CheckedPayload | { readonly kind: 'refused'; readonly refusals: readonly SpliceRefusal[] } {
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
  const { bugFrames, exceptions } = linked
  if (bugFrames > 0) refusals.push({ kind: 'bug-frames', count: bugFrames })
  if (exceptions > 0) refusals.push({ kind: 'exceptions', count: exceptions })

  const found = replacedFunctions(image, linked.functions)
  refusals.push(...found.refusals)
  if (refusals.length > 0) return { kind: 'refused', refusals }

  const { functions } = found
  const symbols = functions.map(({ symbol }) => symbol)
  const locks = lockCalls(image, symbols, linked.sections.filter(isCode))
  if (!sameLocks(locks) && order.sideBySide === undefined) {
    refusals.push({ kind: 'lock-protocol-may-differ', ...locks })
  }
  return { kind: 'checked', functions, toPlace, shared, linked, refusals }
}

function replacedFunctions(
  image: Image,
  linked: readonly LinkedFunction[],
): {
  readonly functions: readonly CheckedFunction[]
  readonly refusals: readonly SpliceRefusal[]
} {
  const functions: CheckedFunction[] = []
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

function baseRefusals({ payload, image }: CheckedOrder): readonly SpliceRefusal[] {
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
