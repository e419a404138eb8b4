import { advance, type VirtualAddress, virtualAddress } from '../../address/address.ts'
import { type AddressRange, contains } from '../../address/address-range.ts'
import { R_X86_64 } from '../../elf/definitions.ts'
import type { ElfRelocation } from '../../elf/elf-file.ts'
import type { ImageSymbol } from '../../image/image.ts'
import {
  NEAR_JUMP_BYTES,
  nearJumpTarget,
  SHORT_JUMP_BYTES,
  shortJumpTarget,
} from '../../x86/jump.ts'
import type { LiveBytes } from '../live-bytes.ts'
import type { ExaminedFunction, ExaminedPayload } from './examine-payload.ts'
import type { KnownPlaces } from './payload-layout.ts'

/**
 * Where the payload seems to lie in the running hypervisor: the entries' jumps are followed to the
 * new code, and what that code refers to, to the rest.
 *
 * Undefined where that does not lead to all of it. What is found is a guess until a plan was made
 * with it and holds what memory has.
 */
export function placesInMemory(
  examined: ExaminedPayload,
  live: LiveBytes,
): KnownPlaces | undefined {
  const sections = new Map<number, VirtualAddress>()
  const relays: AddressRange<VirtualAddress>[] = []
  const stubs: AddressRange<VirtualAddress>[] = []
  for (const replaced of examined.functions) {
    if (replaced.reachedBy === undefined) continue
    const way = followEntry(examined, replaced, live)
    if (way === undefined) return undefined
    relays.push(...way.relays)
    if (way.stub !== undefined) stubs.push(way.stub)
    const { section, offset } = replaced.code
    sections.set(section, advance(way.target, -offset))
  }
  followReferences(examined, live, sections)
  const isWhole = examined.toPlace.every(({ section }) => sections.has(section))
  return isWhole ? { sections, relays, stubs } : undefined
}

interface FollowedEntry {
  readonly relays: readonly AddressRange<VirtualAddress>[]
  readonly stub: AddressRange<VirtualAddress> | undefined
  /** Where the new code begins. */
  readonly target: VirtualAddress
}

function followEntry(
  { order: { image }, entries }: ExaminedPayload,
  { symbol, unread }: ExaminedFunction,
  live: LiveBytes,
): FollowedEntry | undefined {
  for (const site of possibleSites(image.bytesAt(headOf(symbol)), live, symbol)) {
    const hops = followJumps(site, live)
    if (hops === undefined) continue
    const { relays, target } = hops
    const isOurs = (range: AddressRange<VirtualAddress>): boolean =>
      relays.some((relay) => contains(relay, range))
    const entry = entries.find(symbol, { isFree: isOurs, unread })
    if (entry.kind === 'cannot' || entry.store.start !== site) continue
    if (entry.stubByteLength === 0) return { relays, stub: undefined, target }
    const jumpAt = advance(target, entry.undo.byteLength)
    const jump = live.bytesAt({ start: jumpAt, byteLength: NEAR_JUMP_BYTES })
    const code = jump && nearJumpTarget(jump, jumpAt)
    const stub = { start: target, byteLength: entry.stubByteLength }
    if (code !== undefined) return { relays, stub, target: code }
  }
  return undefined
}

/** How much of a function is compared to find its switch. */
const HEAD_BYTES = 64

function headOf({ address, byteLength }: ImageSymbol): AddressRange<VirtualAddress> {
  return { start: address, byteLength: Math.min(byteLength, HEAD_BYTES) }
}

/** Where a jump may have been put: at a byte that differs, or in front of it if it looks alike. */
function possibleSites(
  linked: Uint8Array | undefined,
  live: LiveBytes,
  symbol: ImageSymbol,
): readonly VirtualAddress[] {
  const found = live.bytesAt(headOf(symbol))
  if (found === undefined || linked === undefined) return []
  const sites = new Set<number>()
  for (const [offset, byte] of found.entries()) {
    if (byte === linked[offset]) continue
    if (offset > 0) sites.add(offset - 1)
    sites.add(offset)
  }
  return [...sites].map((offset) => advance(symbol.address, offset))
}

/** More jumps than a way ever has. */
const MOST_HOPS = 8

function followJumps(
  site: VirtualAddress,
  live: LiveBytes,
):
  | {
      readonly relays: readonly AddressRange<VirtualAddress>[]
      readonly target: VirtualAddress
    }
  | undefined {
  const relays: AddressRange<VirtualAddress>[] = []
  let at = site
  for (let hop = 0; hop < MOST_HOPS; hop += 1) {
    const near = jumpAt(live, at, NEAR_JUMP_BYTES, nearJumpTarget)
    const next = near ?? jumpAt(live, at, SHORT_JUMP_BYTES, shortJumpTarget)
    if (next === undefined) return undefined
    if (hop > 0) {
      relays.push({
        start: at,
        byteLength: near === undefined ? SHORT_JUMP_BYTES : NEAR_JUMP_BYTES,
      })
    }
    if (near !== undefined) return { relays, target: near }
    at = next
  }
  return undefined
}

function jumpAt(
  live: LiveBytes,
  start: VirtualAddress,
  byteLength: number,
  read: (bytes: Uint8Array, at: VirtualAddress) => VirtualAddress | undefined,
): VirtualAddress | undefined {
  const bytes = live.bytesAt({ start, byteLength })
  return bytes && read(bytes, start)
}

/** Finds sections by the filled holes of those that were found. */
function followReferences(
  { order: { payload }, toPlace }: ExaminedPayload,
  live: LiveBytes,
  sections: Map<number, VirtualAddress>,
): void {
  const { elf } = payload
  const wanted = new Set(toPlace.map(({ section }) => section))
  const open = [...sections.keys()]
  for (let section = open.pop(); section !== undefined; section = open.pop()) {
    const start = sections.get(section)
    const tables = elf.relocationTables.filter(({ target }) => target === section)
    for (const relocation of tables.flatMap(({ relocations }) => relocations)) {
      const symbol = elf.symbols[relocation.symbol]
      const other = symbol?.section
      if (symbol === undefined || start === undefined || typeof other !== 'number') continue
      if (!wanted.has(other) || sections.has(other)) continue
      const named = filledWith(relocation, start, live)
      const at = named === undefined ? undefined : named - symbol.value
      if (at === undefined || at < 0n || at > 0xffff_ffff_ffff_ffffn) continue
      sections.set(other, virtualAddress(at))
      open.push(other)
    }
  }
}

/** The value of the symbol that a hole was filled with. */
function filledWith(
  { offset, type, addend }: ElfRelocation,
  section: VirtualAddress,
  live: LiveBytes,
): bigint | undefined {
  const start = advance(section, Number(offset))
  const isWide = type === R_X86_64[64]
  if (!isWide && type !== R_X86_64.PC32 && type !== R_X86_64.PLT32) return undefined
  const bytes = live.bytesAt({ start, byteLength: isWide ? 8 : 4 })
  if (bytes === undefined) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (isWide) return view.getBigUint64(0, true) - addend
  return start + BigInt(view.getInt32(0, true)) - addend
}
