import { copyBytes } from '../../address/copy-bytes.ts'
import { advance, type VirtualAddress } from '../../address/address.ts'
import { type AddressRange, contains, withinAlignedUnit } from '../../address/address-range.ts'
import type { ImageSymbol } from '../../image/image.ts'
import { imageBugFrames, imageExceptions } from '../../image/image-tables.ts'
import type { CleanSweep } from '../../x86/boundaries.ts'
import { disassemble } from '../../x86/disassemble.ts'
import type { Instruction } from '../../x86/instruction.ts'
import { NEAR_JUMP_BYTES, SHORT_JUMP_BYTES } from '../../x86/jump.ts'
import { readEffect } from '../../x86/read-effect.ts'
import { isRepeatedString } from '../../x86/repeated-string.ts'
import { ownerOfColdPart } from '../../diff/normal-name.ts'
import { coldPartsOf } from '../cold-part.ts'
import type { FunctionSweeps } from '../function-sweeps.ts'
import { STORE_UNIT_BYTES } from '../store-unit.ts'
import { AlternativeSites } from './alternative-sites.ts'
import { Arrivals, type KnownArrivals } from './arrivals.ts'
import { afterEffect, AT_CALL, type CallState } from './call-state.ts'
import type { EntryObstacle, TriedSite, UnfitSite } from './entry-obstacle.ts'
import type { EntryAsk, EntryFixed, EntrySwitch } from './entry-switch.ts'
import { findRelayRoute } from './relay-route.ts'
import { undoCode } from './undo-code.ts'

/**
 * How the functions of one image can be switched to new code, each asked for singly.
 *
 * What holds for the whole image is found once, when it is first wanted: construct it once and keep
 * it.
 */
export class EntrySwitches {
  readonly #sweeps: FunctionSweeps
  #arrivals: KnownArrivals | undefined
  readonly #alternatives: AlternativeSites
  readonly #faults: ReadonlySet<VirtualAddress>
  readonly #traps: ReadonlySet<VirtualAddress>

  /**
   * `arrivals` are those of the functions that will be asked for, where somebody found them before.
   */
  constructor(sweeps: FunctionSweeps, arrivals?: KnownArrivals) {
    this.#sweeps = sweeps
    this.#arrivals = arrivals
    this.#alternatives = new AlternativeSites(sweeps.image)
    this.#faults = new Set(imageExceptions(sweeps.image).map(({ at }) => at))
    const traps = imageBugFrames(sweeps.image).filter(({ goesOn }) => goesOn)
    this.#traps = new Set(traps.map(({ at }) => at))
  }

  /**
   * The way with the fewest writes, and of those the one nearest to the entry.
   *
   * The instructions from the entry on are gone through as long as each only falls through to the
   * next, can be undone, and is reached from the one in front of it alone. Any of them can carry
   * the jump: whoever calls later passes it, and what ran before it is undone by the stub.
   */
  find(symbol: ImageSymbol, ask: EntryAsk): EntrySwitch | EntryFixed {
    const sweep = this.#wholeFunction(symbol)
    if (sweep.kind !== 'clean') return cannot(symbol, sweep, [])
    const tried: TriedSite[] = []
    let best: EntrySwitch | undefined
    let state = AT_CALL
    for (const instruction of sweep.instructions) {
      const obstacle = this.#obstacleAt(symbol, instruction)
      if (obstacle !== undefined) return best ?? cannot(symbol, obstacle, tried)
      const site = this.#switchAt(symbol, instruction, state, ask)
      if (typeof site === 'string') tried.push({ offset: instruction.offset, why: site })
      else if (best === undefined || writes(site) < writes(best)) best = site
      if (best !== undefined && writes(best) === 1) return best
      const after = this.#stateAfter(symbol, instruction, state, ask)
      if ('kind' in after) return best ?? cannot(symbol, after, tried)
      state = after
    }
    const offset = symbol.byteLength
    const end: EntryObstacle = { kind: 'cannot-be-undone', offset, instruction: 'its end' }
    return best ?? cannot(symbol, end, tried)
  }

  /** The function's sweep, or what stands against any change of it. */
  #wholeFunction(symbol: ImageSymbol): CleanSweep | EntryObstacle {
    const { image } = this.#sweeps
    const range = { start: symbol.address, byteLength: symbol.byteLength }
    if (!contains(image.text, range)) {
      const section = image.sections.find((one) => contains(one, range))?.name
      return section?.startsWith('.init') === true
        ? { kind: 'freed-after-boot', section }
        : { kind: 'outside-text', section }
    }
    if (symbol.byteLength === 0) return { kind: 'no-size' }
    const whole = ownerOfColdPart(symbol.name)
    if (whole !== undefined) return { kind: 'part-of-a-function', whole }
    const sweep = this.#sweeps.of(symbol)
    if (sweep.kind === 'unclean') {
      return { kind: 'unclean', offset: sweep.offset, reason: sweep.reason }
    }
    const indirect = sweep.instructions.find(({ flow }) => flow === 'indirect-jump')
    if (indirect !== undefined) return { kind: 'jumps-indirectly', offset: indirect.offset }
    return this.#loopsToEntry(symbol, sweep) ? { kind: 'loops-to-entry' } : sweep
  }

  /** Whether the function, or a part split off it, jumps to its first byte. */
  #loopsToEntry(symbol: ImageSymbol, sweep: CleanSweep): boolean {
    const parts = coldPartsOf(this.#sweeps.image, [symbol])
    const sweeps = [sweep, ...parts.map((part) => this.#sweeps.of(part))]
    return sweeps.some(
      (each) =>
        each.kind === 'clean' &&
        each.instructions.some(
          ({ flow, branchTarget }) => flow !== 'call' && branchTarget === symbol.address,
        ),
    )
  }

  /** Found when first wanted: it takes a sweep of the whole image. */
  #everyArrival(): KnownArrivals {
    this.#arrivals ??= new Arrivals(this.#sweeps)
    return this.#arrivals
  }

  #obstacleAt(symbol: ImageSymbol, instruction: Instruction): EntryObstacle | undefined {
    const { offset } = instruction
    const range = rangeOf(symbol, instruction)
    if (this.#alternatives.overlap(range)) return { kind: 'alternative', offset }
    // What arrives at the entry itself is a call.
    if (offset === 0 || !this.#everyArrival().at(range.start)) return undefined
    return { kind: 'entered-behind-entry', target: range.start }
  }

  #switchAt(
    symbol: ImageSymbol,
    instruction: Instruction,
    state: CallState,
    ask: EntryAsk,
  ): EntrySwitch | UnfitSite {
    const { start, byteLength } = rangeOf(symbol, instruction)
    if (instruction.isEndbr) return 'endbr64'
    if (byteLength < SHORT_JUMP_BYTES) return 'too-short'
    if (this.#faults.has(start)) return 'exception-table'
    if (this.#traps.has(start)) return 'bug-frame'
    if (this.#everyArrival().amid({ start, byteLength })) return 'entered-in-its-middle'
    const bytes = this.#sweeps.image.bytesAt({ start, byteLength })
    if (bytes === undefined) throw new RangeError('A swept instruction has no bytes')
    if (isRepeatedString(bytes)) return 'restarted-in-its-middle'
    const undo = undoCode(state, ask.unread)
    if (undo.kind === 'lost') throw new Error(`${undo.register} was lost before`)
    const near = { start, byteLength: NEAR_JUMP_BYTES }
    const isNear = byteLength >= NEAR_JUMP_BYTES && withinAlignedUnit(near, STORE_UNIT_BYTES)
    const store = isNear ? near : { start, byteLength: SHORT_JUMP_BYTES }
    if (!withinAlignedUnit(store, STORE_UNIT_BYTES)) return 'crosses-aligned-unit'
    const relays = isNear ? [] : findRelayRoute(this.#sweeps, start, ask.isFree)
    if (relays === undefined) return 'no-relay-in-reach'
    return {
      kind: 'switchable',
      function: symbol,
      way: relays.length === 0 ? 'near-jump' : relays.length === 1 ? 'relay' : 'relay-chain',
      store,
      before: copyBytes(bytes, 0, store.byteLength),
      offset: instruction.offset,
      relays,
      undo: undo.bytes,
      stubByteLength: undo.bytes.byteLength === 0 ? 0 : undo.bytes.byteLength + NEAR_JUMP_BYTES,
    }
  }

  /** The state behind the instruction, if it leaves one from which the call can be restored. */
  #stateAfter(
    symbol: ImageSymbol,
    instruction: Instruction,
    state: CallState,
    ask: EntryAsk,
  ): CallState | EntryObstacle {
    const range = rangeOf(symbol, instruction)
    const bytes = this.#sweeps.image.bytesAt(range) ?? new Uint8Array()
    const isPassed = instruction.flow === 'next'
    const after = isPassed ? afterEffect(state, readEffect(bytes, range.start)) : undefined
    const { offset } = instruction
    const text = (): string => disassemble(bytes, range.start)[0]?.text ?? ''
    if (after === undefined) return { kind: 'cannot-be-undone', offset, instruction: text() }
    const undo = undoCode(after, ask.unread)
    if (undo.kind === 'code') return after
    return { kind: 'loses-register', offset, instruction: text(), register: undo.register }
  }
}

function rangeOf(symbol: ImageSymbol, instruction: Instruction): AddressRange<VirtualAddress> {
  const { offset, byteLength } = instruction
  return { start: advance(symbol.address, offset), byteLength }
}

function writes(entry: EntrySwitch): number {
  return 1 + entry.relays.length + (entry.stubByteLength > 0 ? 1 : 0)
}

function cannot(
  symbol: ImageSymbol,
  reason: EntryObstacle,
  tried: readonly TriedSite[],
): EntryFixed {
  return { kind: 'cannot', function: symbol, reason, tried }
}
