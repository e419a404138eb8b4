import type { ImageSymbol } from '../../image/image.ts'
import type { FunctionSweeps } from '../function-sweeps.ts'
import type { EntryObstacle } from './entry-obstacle.ts'
import type { EntryFixed, EntrySwitch, EntryWay } from './entry-switch.ts'
import { EntrySwitches } from './find-entry-switch.ts'
import { unreadRegisters } from './unread-registers.ts'

/**
 * Where the jump stands: at the entry (behind an `endbr64` if there is one), or further in, where
 * nothing needs to be undone or where a stub undoes what ran before.
 */
export type EntryDepth = 'entry' | 'further-in' | 'further-in-undone'

export interface WayCount {
  readonly depth: EntryDepth
  readonly way: EntryWay
  readonly count: number
}

/** How many of a build's functions can be switched, and how. */
export interface EntrySurvey {
  /** Functions that are there to be called after boot. */
  readonly functions: number
  readonly switchable: number
  readonly ways: readonly WayCount[]
  readonly cannot: readonly EntryFixed[]
  /** Of those that cannot: how many can if the new code reads no argument that the old ignores. */
  readonly ifArgumentsStay: number
  /** Left out of the count: parts split off functions, and what is freed after boot. */
  readonly leftOut: { readonly parts: number; readonly freedAfterBoot: number }
}

/** The functions of an image, one for each address at which one begins, by rising address. */
export function functionsOf(sweeps: FunctionSweeps): readonly ImageSymbol[] {
  const first = new Map<bigint, ImageSymbol>()
  for (const symbol of sweeps.image.symbols) {
    const isFunction = symbol.kind === 'function' && symbol.byteLength > 0
    if (isFunction && !first.has(symbol.address)) first.set(symbol.address, symbol)
  }
  return [...first.values()]
}

/**
 * Asks for every function of the image singly, as if it were the only one to be switched: several
 * may be given the same free bytes.
 *
 * `onFunction` is told after each how many were asked for, and of how many.
 */
export function surveyEntrySwitches(
  sweeps: FunctionSweeps,
  onFunction: (done: number, all: number) => void,
): EntrySurvey {
  const switches = new EntrySwitches(sweeps)
  const functions = functionsOf(sweeps)
  const found: EntrySwitch[] = []
  const fixed: EntryFixed[] = []
  for (const [index, symbol] of functions.entries()) {
    const answer = switches.find(symbol, { isFree: () => true })
    if (answer.kind === 'switchable') found.push(answer)
    else fixed.push(answer)
    onFunction(index + 1, functions.length)
  }
  const leftOut = {
    parts: fixed.filter(({ reason }) => reason.kind === 'part-of-a-function').length,
    freedAfterBoot: fixed.filter(({ reason }) => reason.kind === 'freed-after-boot').length,
  }
  const cannot = fixed.filter(({ reason }) => !LEFT_OUT.has(reason.kind))
  return {
    functions: found.length + cannot.length,
    switchable: found.length,
    ways: countWays(sweeps, found),
    cannot,
    ifArgumentsStay: cannot.filter(({ function: symbol }) => {
      const range = { start: symbol.address, byteLength: symbol.byteLength }
      const unread = unreadRegisters(sweeps.image.bytesAt(range) ?? new Uint8Array(), range.start)
      return switches.find(symbol, { isFree: () => true, unread }).kind === 'switchable'
    }).length,
    leftOut,
  }
}

const LEFT_OUT: ReadonlySet<EntryObstacle['kind']> = new Set([
  'part-of-a-function',
  'freed-after-boot',
])

/** Where the switch's jump stands. */
export function depthOf(sweeps: FunctionSweeps, entry: EntrySwitch): EntryDepth {
  if (entry.stubByteLength > 0) return 'further-in-undone'
  if (entry.offset === 0) return 'entry'
  const sweep = sweeps.of(entry.function)
  const [first] = sweep.kind === 'clean' ? sweep.instructions : []
  const isBehindEndbr = first?.isEndbr === true && entry.offset === first.byteLength
  return isBehindEndbr ? 'entry' : 'further-in'
}

function countWays(sweeps: FunctionSweeps, found: readonly EntrySwitch[]): readonly WayCount[] {
  return DEPTHS.flatMap((depth) =>
    WAYS.map((way) => ({
      depth,
      way,
      count: found.filter((entry) => entry.way === way && depthOf(sweeps, entry) === depth).length,
    })),
  )
}

const DEPTHS: readonly EntryDepth[] = ['entry', 'further-in', 'further-in-undone']
const WAYS: readonly EntryWay[] = ['near-jump', 'relay', 'relay-chain']
