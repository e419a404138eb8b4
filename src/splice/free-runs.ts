import { advance, alignDown, FRAME_BYTES, type VirtualAddress } from '../address/address.ts'
import { type AddressRange, contains, overlaps, rangeEnd } from '../address/address-range.ts'
import { type FunctionPadding, paddingBetweenFunctions } from '../image/free-bytes.ts'
import type { ImageSymbol } from '../image/image.ts'
import { endsFlow } from '../x86/instruction.ts'
import { unreachedNops } from '../x86/unreached-nops.ts'
import { coldPartsOf } from './cold-part.ts'
import { AlternativeSites } from './entry/alternative-sites.ts'
import type { FunctionSweeps } from './function-sweeps.ts'

/** A run of bytes of `.text` that nothing executes. */
export interface FreeRun extends AddressRange<VirtualAddress> {
  readonly insideFunction: boolean
  /** For people: `padding behind enable_nonboot_cpus`. */
  readonly place: string
}

/**
 * The bytes of an image's `.text` that nothing executes: padding between functions, and NOPs
 * inside functions that nothing reaches. Found once, and asked for part by part.
 *
 * They are free in the image as linked. Whether they still are in the running one is for the
 * caller to find out.
 */
export class FreeRuns {
  readonly #sweeps: FunctionSweeps
  readonly #alternatives: AlternativeSites
  readonly #padding: readonly FunctionPadding[]
  /** The functions that have a byte in a page, by the page's address. */
  readonly #functions = new Map<VirtualAddress, ImageSymbol[]>()
  readonly #inside = new Map<ImageSymbol, readonly FreeRun[]>()

  constructor(sweeps: FunctionSweeps) {
    this.#sweeps = sweeps
    this.#alternatives = new AlternativeSites(sweeps.image)
    this.#padding = paddingBetweenFunctions(sweeps.image)
    for (const symbol of sweeps.image.symbols) {
      const whole = { start: symbol.address, byteLength: symbol.byteLength }
      if (symbol.kind !== 'function' || !contains(sweeps.image.text, whole)) continue
      for (const page of pagesOf(whole)) {
        const members = this.#functions.get(page)
        if (members === undefined) this.#functions.set(page, [symbol])
        else members.push(symbol)
      }
    }
  }

  /** The runs that share a byte with the range, whole: padding first, each by rising address. */
  near(range: AddressRange<VirtualAddress>): readonly FreeRun[] {
    const between: FreeRun[] = []
    for (let index = this.#firstPadding(range); index < this.#padding.length; index++) {
      const padding = this.#padding[index]
      if (padding === undefined || padding.start >= rangeEnd(range)) break
      if (!isLeftBehind(this.#sweeps, padding.behind)) continue
      const { start, byteLength, behind } = padding
      const place = `padding behind ${behind.name}`
      between.push({ start, byteLength, insideFunction: false, place })
    }
    const functions = new Set(pagesOf(range).flatMap((page) => this.#functions.get(page) ?? []))
    const inside = [...functions].flatMap((symbol) => this.#runsInside(symbol))
    return [...between, ...inside.filter((run) => overlaps(run, range))]
  }

  /** The index of the first padding that ends behind the range's start. */
  #firstPadding(range: AddressRange<VirtualAddress>): number {
    let low = 0
    let high = this.#padding.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const padding = this.#padding[middle]
      if (padding !== undefined && rangeEnd(padding) <= range.start) low = middle + 1
      else high = middle
    }
    return low
  }

  #runsInside(symbol: ImageSymbol): readonly FreeRun[] {
    const known = this.#inside.get(symbol)
    if (known !== undefined) return known
    const sweep = this.#sweeps.of(symbol)
    const entered = this.#enteredByParts(symbol)
    const nops = sweep.kind === 'clean' && entered !== undefined ? unreachedNops(sweep) : []
    const runs = nops.flatMap(({ offset, byteLength }): FreeRun[] => {
      const range = { start: advance(symbol.address, offset), byteLength }
      const isEntered = entered?.some((target) => contains(range, { start: target, byteLength: 1 }))
      // Boot may make instructions of NOPs, so these are not there to align what follows.
      if (isEntered === true || this.#alternatives.overlap(range)) return []
      return [{ ...range, insideFunction: true, place: `unreached bytes of ${symbol.name}` }]
    })
    this.#inside.set(symbol, runs)
    return runs
  }

  /** Where the parts that a compiler split off the function jump to; undefined if that is not known. */
  #enteredByParts(symbol: ImageSymbol): readonly VirtualAddress[] | undefined {
    const targets: VirtualAddress[] = []
    for (const part of coldPartsOf(this.#sweeps.image, [symbol])) {
      const sweep = this.#sweeps.of(part)
      if (sweep.kind === 'unclean') return undefined
      for (const { branchTarget } of sweep.instructions) {
        if (branchTarget !== undefined) targets.push(branchTarget)
      }
    }
    return targets
  }
}

function pagesOf(range: AddressRange<VirtualAddress>): VirtualAddress[] {
  const pages: VirtualAddress[] = []
  const end = rangeEnd(range)
  for (let page = alignDown(range.start, FRAME_BYTES); page < end;) {
    pages.push(page)
    page = advance(page, FRAME_BYTES)
  }
  return pages
}

/**
 * Whether execution never passes the function's end.
 *
 * Hand-written assembly may run through the padding behind it into the next label.
 */
function isLeftBehind(sweeps: FunctionSweeps, symbol: ImageSymbol): boolean {
  const sweep = sweeps.of(symbol)
  if (sweep.kind !== 'clean') return false
  const last = sweep.instructions.at(-1)
  if (last !== undefined && endsFlow(last)) return true
  // The symbol's size may take in padding at its end.
  return unreachedNops(sweep).some((run) => run.offset + run.byteLength === sweep.byteLength)
}
