import { hex, type VirtualAddress } from '../address/address.ts'
import { SHF } from '../elf/definitions.ts'
import type { BuildId } from '../image/build-id.ts'
import type { Image } from '../image/image.ts'
import { ENDBR64 } from '../x86/endbr64.ts'
import { beginsWithEndbr } from '../image/begins-with-endbr.ts'
import { bootRewrites, lastingBytes } from './boot-rewrites.ts'
import { isEntryTable, JUMP_BYTES, NOT_FOR_PAYLOADS } from './livepatch-format.ts'
import type { Payload, PayloadFunction } from './payload.ts'
import { readXenNames, type XenNames } from './xen-names.ts'

/** What stands between a payload and a build of the hypervisor. */
export type PayloadMismatch =
  | { readonly kind: 'other-xen'; readonly found: BuildId; readonly wanted: BuildId }
  /** Code that runs while the payload changes its state, which Reweave does not let run. */
  | { readonly kind: 'has-hooks'; readonly sections: readonly string[] }
  | { readonly kind: 'section-unknown'; readonly section: string }
  | { readonly kind: 'symbol-not-found'; readonly symbol: string }
  | { readonly kind: 'symbol-ambiguous'; readonly symbol: string; readonly foundCount: number }
  /** The loader rejects a new symbol that the hypervisor has already. */
  | { readonly kind: 'symbol-taken'; readonly symbol: string }
  | { readonly kind: 'no-function-there'; readonly function: string; readonly at: VirtualAddress }
  | {
      readonly kind: 'other-function-there'
      readonly function: string
      readonly found: string
      readonly at: VirtualAddress
    }
  | {
      readonly kind: 'function-length-differs'
      readonly function: string
      readonly foundBytes: number
      readonly wantedBytes: number
    }
  | {
      readonly kind: 'function-too-short'
      readonly function: string
      readonly foundBytes: number
      readonly wantedBytes: number
    }
  /** Xen since 4.17 leaves an `endbr64` at the entry alone, and miscounts fewer NOPs than that. */
  | {
      readonly kind: 'too-few-nops'
      readonly function: string
      readonly found: number
      readonly wantedAtLeast: number
    }
  | { readonly kind: 'function-replaced-twice'; readonly function: string; readonly other: string }
  | {
      readonly kind: 'other-bytes-expected'
      readonly function: string
      readonly found: Uint8Array
      readonly wanted: Uint8Array
    }
  /** Boot may have put other bytes there, and the hypervisor would then refuse to apply. */
  | {
      readonly kind: 'expectation-unsure'
      readonly function: string
      readonly foundBytes: number
      readonly wantedAtMostBytes: number
    }

/**
 * Holds a payload against the build that it is to be applied to; empty when nothing is wrong.
 *
 * Together with `readPayload` this is every check that Xen makes when it loads a payload, and more:
 * Xen does not ask whether there is a function at the address that is to be written over. Two things
 * are for the running machine to tell: that this build runs, and what is on top of its stack.
 *
 * The image shows its bytes as linked. Boot rewrites some of them, by the CPU's features
 * (`bootRewrites`); an expectation that reaches into those is a mismatch even where it agrees with
 * the image, because whether it holds would depend on the machine.
 */
export function checkPayload(payload: Payload, image: Image): readonly PayloadMismatch[] {
  const names = readXenNames(image)
  return [
    ...checkXen(payload, image),
    ...checkSections(payload),
    ...checkSymbols(payload, names),
    ...checkFunctions(payload, image, names),
  ]
}

function checkXen(payload: Payload, image: Image): PayloadMismatch[] {
  // Before 4.14 a payload names Xen only where it is to be the first on the stack.
  const found = payload.xenBuildId
  if (found === undefined || found === image.buildId) return []
  return [{ kind: 'other-xen', found, wanted: image.buildId }]
}

function checkSections(payload: Payload): PayloadMismatch[] {
  const mismatches: PayloadMismatch[] = []
  if (payload.hooks.length > 0) mismatches.push({ kind: 'has-hooks', sections: payload.hooks })
  for (const { name } of payload.elf.sections) {
    const isUnknownTable = name.startsWith('.bug_frames') && !isEntryTable(name)
    if (NOT_FOR_PAYLOADS.test(name) || isUnknownTable) {
      mismatches.push({ kind: 'section-unknown', section: name })
    }
  }
  return mismatches
}

function checkSymbols(payload: Payload, names: XenNames): PayloadMismatch[] {
  const { elf, functions } = payload
  const mismatches: PayloadMismatch[] = []
  const entries = new Set(
    functions.map(({ code }) => (code === undefined ? '' : `${code.section}:${code.offset}`)),
  )
  for (const { index, name, kind, section, value } of elf.symbols) {
    if (index === 0 || section === 'absolute') continue
    const found = names.lookUp(name)
    if (section === 'undefined') {
      if (found.kind === 'not-found') mismatches.push({ kind: 'symbol-not-found', symbol: name })
      if (found.kind === 'ambiguous') {
        const foundCount = found.addresses.length
        mismatches.push({ kind: 'symbol-ambiguous', symbol: name, foundCount })
      }
      continue
    }
    if (kind === 'section' || name === '' || entries.has(`${String(section)}:${value}`)) continue
    const holder = typeof section === 'number' ? elf.sections[section] : undefined
    const flags = holder?.flags ?? 0n
    const isLocalLabel = (flags & SHF.MERGE) !== 0n && name.startsWith('.L')
    if ((flags & SHF.ALLOC) !== 0n && !isLocalLabel && found.kind !== 'not-found') {
      mismatches.push({ kind: 'symbol-taken', symbol: name })
    }
  }
  return mismatches
}

function checkFunctions(payload: Payload, image: Image, names: XenNames): PayloadMismatch[] {
  const rewrites = bootRewrites(image)
  const claimed = new Map<VirtualAddress, string>()
  return payload.functions.flatMap((func) => {
    const at = func.oldAddress ?? foundAddress(names, func.name)
    if (at === undefined) return [{ kind: 'symbol-not-found', symbol: func.name }]
    const other = claimed.get(at)
    claimed.set(at, func.name)
    if (other !== undefined) {
      return [{ kind: 'function-replaced-twice', function: func.name, other }]
    }
    const misplaced = checkPlace(func, at, image, names)
    if (misplaced !== undefined) return [misplaced]
    const unexpected = checkExpected(func, at, image, rewrites)
    return unexpected === undefined ? [] : [unexpected]
  })
}

function foundAddress(names: XenNames, name: string): VirtualAddress | undefined {
  const found = names.lookUp(name)
  return found.kind === 'found' ? found.address : undefined
}

/** Whether the function of that name begins there, with that length and room for a jump. */
function checkPlace(
  func: PayloadFunction,
  at: VirtualAddress,
  image: Image,
  names: XenNames,
): PayloadMismatch | undefined {
  const symbols = image.symbols.filter(({ address, kind }) => address === at && kind === 'function')
  const [first] = symbols
  if (first === undefined) return { kind: 'no-function-there', function: func.name, at }
  const named = names.lookUp(func.name)
  // A name may be missing in Xen's table, or be that of several; then the length must do.
  if (named.kind === 'found' && named.address !== at) {
    return { kind: 'other-function-there', function: func.name, found: first.name, at }
  }
  if (!symbols.some(({ byteLength }) => byteLength === func.oldByteLength)) {
    return {
      kind: 'function-length-differs',
      function: func.name,
      foundBytes: first.byteLength,
      wantedBytes: func.oldByteLength,
    }
  }
  const endbrBytes = beginsWithEndbr(image, at) ? ENDBR64.length : 0
  if (func.code === undefined) {
    return func.newByteLength > endbrBytes
      ? undefined
      : {
          kind: 'too-few-nops',
          function: func.name,
          found: func.newByteLength,
          wantedAtLeast: endbrBytes + 1,
        }
  }
  const wantedBytes = JUMP_BYTES + endbrBytes
  return func.oldByteLength < wantedBytes
    ? {
        kind: 'function-too-short',
        function: func.name,
        foundBytes: func.oldByteLength,
        wantedBytes,
      }
    : undefined
}

function checkExpected(
  func: PayloadFunction,
  start: VirtualAddress,
  image: Image,
  rewrites: ReturnType<typeof bootRewrites>,
): PayloadMismatch | undefined {
  const wanted = func.expected
  if (wanted === undefined) return undefined
  const range = { start, byteLength: wanted.length }
  const found = image.bytesAt(range)
  if (found === undefined || found.some((byte, index) => byte !== wanted[index])) {
    const bytes = found ?? new Uint8Array()
    return { kind: 'other-bytes-expected', function: func.name, found: bytes, wanted }
  }
  const lasting = lastingBytes(image, rewrites, range)?.length ?? 0
  return lasting < wanted.length
    ? {
        kind: 'expectation-unsure',
        function: func.name,
        foundBytes: wanted.length,
        wantedAtMostBytes: lasting,
      }
    : undefined
}

/** One sentence for people, without a full stop. */
export function describePayloadMismatch(mismatch: PayloadMismatch): string {
  switch (mismatch.kind) {
    case 'other-xen':
      return `The payload is for the build ${mismatch.found}, and this one is ${mismatch.wanted}`
    case 'has-hooks':
      return `The payload runs code of its own while it is applied (${mismatch.sections.join(', ')})`
    case 'section-unknown':
      return `The payload has a section ${mismatch.section}, which means nothing in one`
    case 'symbol-not-found':
      return `The payload needs ${mismatch.symbol}, which this build does not have`
    case 'symbol-ambiguous':
      return `The payload needs ${mismatch.symbol}, of which this build has ${mismatch.foundCount}`
    case 'symbol-taken':
      return `The payload brings ${mismatch.symbol}, which this build has already`
    case 'no-function-there':
      return `No function begins at ${hex(mismatch.at)}, where ${mismatch.function} is to be replaced`
    case 'other-function-there':
      return (
        `${mismatch.found} begins at ${hex(mismatch.at)}, ` +
        `where ${mismatch.function} is to be replaced`
      )
    case 'function-length-differs':
    case 'function-too-short': {
      const atLeast = mismatch.kind === 'function-too-short' ? 'at least ' : ''
      return (
        `${mismatch.function} has ${mismatch.foundBytes} bytes, ` +
        `wanted ${atLeast}${mismatch.wantedBytes}`
      )
    }
    case 'too-few-nops':
      return (
        `${mismatch.function} begins with endbr64 and would get ${mismatch.found} bytes of NOPs, ` +
        `wanted at least ${mismatch.wantedAtLeast}`
      )
    case 'function-replaced-twice':
      return `${mismatch.function} and ${mismatch.other} are to be replaced, which are one function`
    case 'other-bytes-expected':
      return (
        `${mismatch.function} begins with ${bytesAsHex(mismatch.found)}, ` +
        `and the payload expects ${bytesAsHex(mismatch.wanted)}`
      )
    case 'expectation-unsure':
      return (
        `The payload expects ${mismatch.foundBytes} bytes of ${mismatch.function}, ` +
        `of which boot may rewrite all but ${mismatch.wantedAtMostBytes}`
      )
  }
}

function bytesAsHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
}
