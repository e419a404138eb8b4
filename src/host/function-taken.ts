import { advance, type VirtualAddress, virtualAddress } from '../address/address.ts'
import { type AddressRange, contains, overlaps } from '../address/address-range.ts'
import type { Bundle } from '../hotfix/bundle.ts'
import type { Image, ImageSymbol } from '../image/image.ts'
import type { TransferFailure } from '../memory/physical-memory.ts'
import { JUMP_BYTES } from '../payload/livepatch-format.ts'
import { beginsWithEndbr64, ENDBR64 } from '../x86/endbr64.ts'
import { splicedSites } from '../splice/patched-functions.ts'
import { type HostMemory, readRanges } from './locate-fix.ts'
import { spliceSourceOf } from './splice-source.ts'

/** A function that a hotfix would splice, and that another has patched already. */
export type FunctionTaken =
  | {
      readonly channel: 'livepatch'
      readonly function: string
      /** As Xen lists the payload. Undefined where the function's entry alone tells. */
      readonly livepatch: string | undefined
      /** Undefined where Reweave did not apply it. */
      readonly hotfix: string | undefined
    }
  | { readonly channel: 'dma'; readonly function: string; readonly hotfix: string }

export type FunctionTakenFound =
  | { readonly kind: 'none' }
  | { readonly kind: 'function-taken'; readonly taken: FunctionTaken }
  | { readonly kind: 'read-failed'; readonly outcome: TransferFailure }

/**
 * Whether one of the functions that a hotfix would splice is patched already: by a livepatch, or by
 * splices of another hotfix that replace it as a whole.
 *
 * The journal of this boot says which functions the payloads replace that Reweave applied. For any
 * other livepatch the functions' entries are read: there Xen puts a jump that leaves the image.
 */
export async function findFunctionTaken(
  host: HostMemory,
  hotfix: Bundle,
): Promise<FunctionTakenFound> {
  const { image, session, livepatched } = host
  const symbols = splicedFunctions(hotfix, image)
  for (const symbol of symbols) {
    const hit = livepatched.functions.find(({ address, byteLength }) =>
      overlaps(bytesOf(symbol), { start: address, byteLength }),
    )
    if (hit === undefined) continue
    const { hotfix: by, livepatch } = hit
    return taken({ channel: 'livepatch', function: symbol.name, livepatch, hotfix: by })
  }
  const spliced = splicedByOther(host, hotfix, symbols)
  if (spliced !== undefined) return taken(spliced)
  const { unrecorded } = livepatched
  if (unrecorded.length === 0) return { kind: 'none' }
  const read = await readRanges(session, symbols.map(entryOf))
  if (read.kind === 'read-failed') return read
  const jumping = symbols.find((symbol, index) => {
    const entry = read.found[index]
    return entry !== undefined && jumpsOut(image, symbol.address, entry)
  })
  if (jumping === undefined) return { kind: 'none' }
  const livepatch = unrecorded.length === 1 ? unrecorded[0] : undefined
  const { name } = jumping
  return taken({ channel: 'livepatch', function: name, livepatch, hotfix: undefined })
}

/** One clause for people: who has the function, and what to do. */
export function describeFunctionTaken(found: FunctionTaken): string {
  if (found.channel === 'dma') {
    return `${found.hotfix} has spliced ${found.function} by DMA: revert it first`
  }
  const { hotfix, livepatch } = found
  const rule = 'and no function is patched through two channels'
  if (hotfix !== undefined) {
    return `${hotfix} has replaced ${found.function} through livepatch, ${rule}: revert it first`
  }
  const by = livepatch === undefined ? 'a livepatch of another tool' : `the livepatch ${livepatch}`
  return `${by} has replaced ${found.function}, ${rule}`
}

/** The functions that hold the hotfix's changes, each once. What cannot be found is left out. */
function splicedFunctions(hotfix: Bundle, image: Image): readonly ImageSymbol[] {
  const source = spliceSourceOf(hotfix)
  const found = placesOf(source, image).flatMap((address) => image.functionAt(address) ?? [])
  return [...new Map(found.map((symbol) => [symbol.address, symbol])).values()]
}

function placesOf(
  source: ReturnType<typeof spliceSourceOf>,
  image: Image,
): readonly VirtualAddress[] {
  const find = (name: string): VirtualAddress | undefined => {
    const lookup = image.find(name)
    return lookup.kind === 'found' ? lookup.symbol.address : undefined
  }
  switch (source.kind) {
    case 'none':
      return []
    case 'written':
      return source.fix.changes.flatMap(({ at }) => {
        const start = find(at.symbol)
        return start === undefined ? [] : [advance(start, at.offset)]
      })
    case 'payload':
      return source.payload.functions.flatMap(({ name, oldAddress }) => {
        return oldAddress ?? find(name) ?? []
      })
  }
}

/**
 * What another hotfix switched in these functions, unless both were written by hand: those change
 * single instructions, and the bytes tell whether they get along.
 */
function splicedByOther(
  { journal, bootId, isWritten }: HostMemory,
  hotfix: Bundle,
  symbols: readonly ImageSymbol[],
): FunctionTaken | undefined {
  const { name, onTopOf } = hotfix.manifest
  const written = spliceSourceOf(hotfix).kind === 'written'
  for (const site of splicedSites(journal, bootId)) {
    if (site.fix === name || site.fix === onTopOf) continue
    if (written && isWritten(site.fix)) continue
    const symbol = symbols.find((each) => overlaps(site, bytesOf(each)))
    if (symbol !== undefined) return { channel: 'dma', function: symbol.name, hotfix: site.fix }
  }
  return undefined
}

function bytesOf({ address, byteLength }: ImageSymbol): AddressRange<VirtualAddress> {
  return { start: address, byteLength: Math.max(byteLength, 1) }
}

/** A `nopw (%rcx)`: what boot leaves of an `endbr64` that it takes away (asm/endbr.h). */
const POISONED_ENDBR64 = [0x66, 0x0f, 0x1f, 0x01]
const JMP_REL32 = 0xe9
const ENTRY_BYTES = ENDBR64.length + JUMP_BYTES

function entryOf(symbol: ImageSymbol): AddressRange<VirtualAddress> {
  return { start: symbol.address, byteLength: ENTRY_BYTES }
}

/**
 * Xen's trampoline: a `jmp rel32`, behind an `endbr64` or what is left of one if there is any
 * (arch/x86/livepatch.c).
 */
function jumpsOut(image: Image, at: VirtualAddress, entry: Uint8Array): boolean {
  const poisoned = POISONED_ENDBR64.every((byte, index) => entry[index] === byte)
  const marked = poisoned || beginsWithEndbr64(entry)
  const skipped = marked ? ENDBR64.length : 0
  if (entry[skipped] !== JMP_REL32) return false
  const view = new DataView(entry.buffer, entry.byteOffset, entry.byteLength)
  const next = advance(at, skipped + JUMP_BYTES)
  const target = virtualAddress(BigInt.asUintN(64, next + BigInt(view.getInt32(skipped + 1, true))))
  return !contains(image, { start: target, byteLength: 1 })
}

function taken(found: FunctionTaken): FunctionTakenFound {
  return { kind: 'function-taken', taken: found }
}
