import { advance, type VirtualAddress, virtualAddress } from '../address/address.ts'
import { type AddressRange, contains, overlaps } from '../address/address-range.ts'
import type { Image, ImageSymbol } from '../image/image.ts'
import type { TransferFailure } from '../memory/physical-memory.ts'
import type { SplicePlan } from '../splice/plan.ts'
import { rangeOf } from '../splice/plan-shape.ts'
import { type HostMemory, readRanges } from './locate-fix.ts'

/** A function that a splice would change, and that a livepatch replaces. */
export interface LivepatchConflict {
  readonly function: string
  /** As Xen lists the payload. Undefined where the function's entry alone tells. */
  readonly livepatch: string | undefined
  /** The hotfix, where Reweave applied it. */
  readonly hotfix: string | undefined
}

export type LivepatchConflictFound =
  | { readonly kind: 'none' }
  | { readonly kind: 'livepatched'; readonly conflict: LivepatchConflict }
  | { readonly kind: 'read-failed'; readonly outcome: TransferFailure }

/**
 * Whether a livepatch replaces one of the functions that a plan switches.
 *
 * The journal of this boot says which functions the payloads replace that Reweave applied. For any
 * other the entries are read: there Xen puts a jump that leaves the image.
 */
export async function findLivepatchConflict(
  host: HostMemory,
  plan: SplicePlan,
): Promise<LivepatchConflictFound> {
  const sites = plan.writes.filter(({ role }) => role === 'switch').map(rangeOf)
  const { functions, unrecorded } = host.livepatched
  for (const { name, address, byteLength, hotfix, livepatch } of functions) {
    if (sites.some((site) => overlaps(site, { start: address, byteLength }))) {
      return { kind: 'livepatched', conflict: { function: name, hotfix, livepatch } }
    }
  }
  if (unrecorded.length === 0) return { kind: 'none' }
  const { image, session } = host
  const switched = functionsAt(image, sites)
  const read = await readRanges(session, switched.map(entryOf))
  if (read.kind === 'read-failed') return read
  for (const [index, symbol] of switched.entries()) {
    const entry = read.found[index]
    if (entry === undefined || !jumpsOut(image, symbol.address, entry)) continue
    const livepatch = unrecorded.length === 1 ? unrecorded[0] : undefined
    return {
      kind: 'livepatched',
      conflict: { function: symbol.name, livepatch, hotfix: undefined },
    }
  }
  return { kind: 'none' }
}

/** One clause for people: who has the function. */
export function describeLivepatchConflict(conflict: LivepatchConflict): string {
  const { hotfix, livepatch } = conflict
  if (hotfix !== undefined) return `${hotfix} has replaced ${conflict.function} through livepatch`
  const by = livepatch === undefined ? 'a livepatch of another tool' : `the livepatch ${livepatch}`
  return `${by} has replaced ${conflict.function}`
}

function functionsAt(
  image: Image,
  sites: readonly AddressRange<VirtualAddress>[],
): readonly ImageSymbol[] {
  const found = sites.flatMap(({ start }) => image.functionAt(start) ?? [])
  return [...new Map(found.map((symbol) => [symbol.address, symbol])).values()]
}

const ENDBR64 = [0xf3, 0x0f, 0x1e, 0xfa]
const JMP_REL32 = 0xe9
const JUMP_BYTES = 5
const ENTRY_BYTES = ENDBR64.length + JUMP_BYTES

function entryOf(symbol: ImageSymbol): AddressRange<VirtualAddress> {
  return { start: symbol.address, byteLength: ENTRY_BYTES }
}

/** Xen's trampoline: a `jmp rel32`, behind an `endbr64` if there is one (arch/x86/livepatch.c). */
function jumpsOut(image: Image, at: VirtualAddress, entry: Uint8Array): boolean {
  const skipped = ENDBR64.every((byte, index) => entry[index] === byte) ? ENDBR64.length : 0
  if (entry[skipped] !== JMP_REL32) return false
  const view = new DataView(entry.buffer, entry.byteOffset, entry.byteLength)
  const next = advance(at, skipped + JUMP_BYTES)
  const target = virtualAddress(BigInt.asUintN(64, next + BigInt(view.getInt32(skipped + 1, true))))
  return !contains(image, { start: target, byteLength: 1 })
}
