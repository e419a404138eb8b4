import { copyBytes } from '../address/copy-bytes.ts'
import { advance, distance, type VirtualAddress } from '../address/address.ts'
import { type AddressRange, withinAlignedUnit } from '../address/address-range.ts'
import type { Image, ImageSymbol } from '../image/image.ts'
import { type CleanSweep, sweepFunction } from '../x86/boundaries.ts'
import type { Instruction } from '../x86/instruction.ts'
import { NEAR_JUMP_BYTES, SHORT_JUMP_BYTES } from '../x86/jump.ts'
import { isRepeatedString } from '../x86/repeated-string.ts'
import type { FunctionSweeps } from './function-sweeps.ts'
import type { UnsafeSite } from './plan-refusal.ts'
import { type RelayCandidate, relayCandidates } from './relay-candidates.ts'
import { faultEntry, fixedEntry } from './site-tables.ts'
import { STORE_UNIT_BYTES } from './store-unit.ts'

/** Which bytes of an edit are stored: from the first that changes to the last. */
export interface SafeEdit {
  readonly kind: 'safe'
  readonly store: AddressRange<VirtualAddress>
  /** How many instructions have a changed byte. */
  readonly instructions: number
}

/** How a detour's site is switched. */
export type SafeDetour =
  | { readonly kind: 'safe'; readonly form: 'near'; readonly store: AddressRange<VirtualAddress> }
  | {
      readonly kind: 'safe'
      readonly form: 'relay'
      readonly store: AddressRange<VirtualAddress>
      readonly candidates: readonly RelayCandidate[]
    }

export type Unsafe = { readonly kind: 'unsafe'; readonly reason: UnsafeSite }

/** What is replaced: bytes of one function, as linked. */
interface Replaced {
  readonly function: ImageSymbol
  readonly sweep: CleanSweep
  /** Where in the function the bytes begin. */
  readonly offset: number
  readonly instructions: readonly Instruction[]
}

/**
 * Whether `put` can take the place of the linked bytes at `site` while CPUs run the function.
 *
 * Its instructions must have the lengths of those they replace, and its branches inside `.text`
 * must arrive at instructions. A CPU may still run some of the old and some of the new
 * instructions in one go; whether the fix bears that is for its author to know.
 */
export function judgeEdit(
  sweeps: FunctionSweeps,
  site: AddressRange<VirtualAddress>,
  put: Uint8Array,
): SafeEdit | Unsafe {
  const replaced = replacedInstructions(sweeps, site)
  if (replaced.kind === 'unsafe') return replaced
  const linked = sweeps.image.bytesAt(site)
  if (linked === undefined) return unsafe({ kind: 'not-in-a-function' })
  const reason = editedFlow(sweeps, replaced, put)
  if (reason !== undefined) return unsafe(reason)
  const changes = (offset: number): boolean => linked[offset] !== put[offset]
  const offsets = Array.from(put.keys()).filter(changes)
  const first = offsets[0] ?? 0
  const last = offsets.at(-1) ?? 0
  const store = { start: advance(site.start, first), byteLength: last - first + 1 }
  const changed = replaced.instructions.filter((instruction) =>
    offsets.some((offset) => isInside(instruction, replaced.offset + offset)),
  )
  const endbr = changed.find((instruction) => instruction.isEndbr)
  if (endbr !== undefined) return unsafe({ kind: 'replaces-endbr64' })
  if (changed.some((instruction) => isRestarted(sweeps.image, replaced.function, instruction))) {
    return unsafe({ kind: 'restarted-in-its-middle' })
  }
  for (const target of replaced.sweep.targets) {
    if (target > replaced.offset + first && target <= replaced.offset + last) {
      const address = advance(replaced.function.address, target)
      return unsafe({ kind: 'branch-into-replaced', target: address })
    }
  }
  if (!withinAlignedUnit(store, STORE_UNIT_BYTES)) {
    return unsafe({ kind: 'crosses-aligned-unit', store })
  }
  return { kind: 'safe', store, instructions: changed.length }
}

/**
 * How the one instruction at `site` can be switched to a jump, the simplest way first: a
 * `jmp rel32` in its place, or a `jmp rel8` to a relay.
 */
export function judgeDetour(
  sweeps: FunctionSweeps,
  site: AddressRange<VirtualAddress>,
): SafeDetour | Unsafe {
  const replaced = replacedInstructions(sweeps, site)
  if (replaced.kind === 'unsafe') return replaced
  const [instruction] = replaced.instructions
  if (instruction === undefined || replaced.instructions.length !== 1) {
    return unsafe({ kind: 'not-one-instruction', instructions: replaced.instructions.length })
  }
  if (instruction.isEndbr) return unsafe({ kind: 'replaces-endbr64' })
  if (isRestarted(sweeps.image, replaced.function, instruction)) {
    return unsafe({ kind: 'restarted-in-its-middle' })
  }
  const fault = faultEntry(sweeps.image, site)
  if (fault !== undefined) return unsafe({ kind: 'named-by-table', ...fault })
  if (instruction.byteLength < SHORT_JUMP_BYTES) {
    return unsafe({ kind: 'instruction-too-short', byteLength: instruction.byteLength })
  }
  const near = { start: site.start, byteLength: NEAR_JUMP_BYTES }
  if (site.byteLength >= NEAR_JUMP_BYTES && withinAlignedUnit(near, STORE_UNIT_BYTES)) {
    return { kind: 'safe', form: 'near', store: near }
  }
  const short = { start: site.start, byteLength: SHORT_JUMP_BYTES }
  if (!withinAlignedUnit(short, STORE_UNIT_BYTES)) {
    return unsafe({ kind: 'crosses-aligned-unit', store: short })
  }
  const candidates = relayCandidates(sweeps, site.start)
  if (candidates.length === 0) return unsafe({ kind: 'no-relay-in-reach' })
  return { kind: 'safe', form: 'relay', store: short, candidates }
}

/** Whether a CPU can be about to run the instruction with part of its work done. */
function isRestarted(
  image: Image,
  { address }: ImageSymbol,
  { offset, byteLength }: Instruction,
): boolean {
  const bytes = image.bytesAt({ start: advance(address, offset), byteLength })
  return bytes !== undefined && isRepeatedString(bytes)
}

function replacedInstructions(
  sweeps: FunctionSweeps,
  site: AddressRange<VirtualAddress>,
): (Replaced & { readonly kind: 'replaced' }) | Unsafe {
  const owner = sweeps.image.functionAt(site.start)
  if (owner === undefined) return unsafe({ kind: 'not-in-a-function' })
  const fixed = fixedEntry(sweeps.image, site)
  if (fixed !== undefined) return unsafe({ kind: 'named-by-table', ...fixed })
  const sweep = sweeps.of(owner)
  if (sweep.kind === 'unclean') {
    const { offset, reason } = sweep
    return unsafe({ kind: 'unclean-function', function: owner.name, offset, reason })
  }
  const offset = distance(owner.address, site.start)
  const end = offset + site.byteLength
  if (end > sweep.byteLength) return unsafe({ kind: 'cuts-instruction', offset: sweep.byteLength })
  for (const edge of [offset, end]) {
    const cut = sweep.instructions.find((one) => one.offset < edge && isInside(one, edge))
    if (cut !== undefined) return unsafe({ kind: 'cuts-instruction', offset: cut.offset })
  }
  const instructions = sweep.instructions.filter(
    (instruction) => instruction.offset >= offset && instruction.offset < end,
  )
  return { kind: 'replaced', function: owner, sweep, offset, instructions }
}

/** What is wrong with the function's instructions once `put` is in it, if anything is. */
function editedFlow(
  sweeps: FunctionSweeps,
  replaced: Replaced,
  put: Uint8Array,
): UnsafeSite | undefined {
  const { address, byteLength } = replaced.function
  const linked = sweeps.image.bytesAt({ start: address, byteLength })
  const wanted = replaced.instructions.map((instruction) => instruction.byteLength)
  const lengths: UnsafeSite = { kind: 'other-instruction-lengths', wanted }
  if (linked === undefined) return lengths
  const bytes = copyBytes(linked)
  bytes.set(put, replaced.offset)
  const edited = sweepFunction(bytes, address)
  if (edited.kind === 'unclean') {
    return edited.reason === 'undecodable'
      ? lengths
      : { kind: 'branch-into-instruction', target: advance(address, edited.offset) }
  }
  if (edited.boundaries.symmetricDifference(replaced.sweep.boundaries).size > 0) return lengths
  const end = replaced.offset + put.byteLength
  const stray = edited.instructions.find(
    (instruction) =>
      instruction.offset >= replaced.offset &&
      instruction.offset < end &&
      instruction.branchTarget !== undefined &&
      !sweeps.isInstruction(instruction.branchTarget),
  )
  return stray?.branchTarget === undefined
    ? undefined
    : { kind: 'branch-into-instruction', target: stray.branchTarget }
}

function isInside(instruction: Instruction, offset: number): boolean {
  return offset >= instruction.offset && offset < instruction.offset + instruction.byteLength
}

function unsafe(reason: UnsafeSite): Unsafe {
  return { kind: 'unsafe', reason }
}
