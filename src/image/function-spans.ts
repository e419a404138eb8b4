import { advance, type VirtualAddress } from '../address/address.ts'
import type { ImageSymbol } from './image.ts'

/** Addresses from `start` up to `end` that belong to one function. */
interface FunctionSpan {
  readonly start: VirtualAddress
  readonly end: VirtualAddress
  readonly symbol: ImageSymbol
}

/**
 * Which function an address belongs to.
 *
 * Functions may overlap: aliases share a range, and hand-written assembly has functions inside
 * others. The one that begins last, at or below the address, has it; of several that begin
 * there, the first in the image's order of symbols.
 */
export class FunctionSpans {
  readonly #spans: readonly FunctionSpan[]

  /** `symbols` are in the image's order, by rising address. */
  constructor(symbols: readonly ImageSymbol[]) {
    this.#spans = disjointSpans(
      symbols.filter((symbol) => symbol.kind === 'function' && symbol.byteLength > 0),
    )
  }

  at(address: VirtualAddress): ImageSymbol | undefined {
    let low = 0
    let high = this.#spans.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const span = this.#spans[middle]
      if (span !== undefined && span.end <= address) low = middle + 1
      else high = middle
    }
    const span = this.#spans[low]
    return span !== undefined && span.start <= address ? span.symbol : undefined
  }
}

/**
 * Cuts the functions' ranges into spans that do not overlap, by rising address.
 *
 * One sweep with a stack of the functions that are open; the innermost is on top. There are at
 * most twice as many spans as functions, so a lookup stays a binary search however they nest.
 */
function disjointSpans(functions: readonly ImageSymbol[]): FunctionSpan[] {
  const spans: FunctionSpan[] = []
  const open: ImageSymbol[] = []
  let cursor: bigint = 0n

  const sweepTo = (limit: bigint | undefined): void => {
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const end = advance(top.address, top.byteLength)
      const until = limit !== undefined && limit < end ? limit : end
      if (until > cursor) {
        spans.push({ start: cursor as VirtualAddress, end: until as VirtualAddress, symbol: top })
        cursor = until
      }
      if (limit !== undefined && end > limit) return
      open.pop()
    }
  }

  for (const [index, symbol] of functions.entries()) {
    if (symbol.address !== functions[index - 1]?.address) {
      sweepTo(symbol.address)
      cursor = symbol.address
      open.push(...sameStart(functions, index))
    }
  }
  sweepTo(undefined)
  return spans
}

/** All functions that begin where number `index` does; the first in order comes last, on top. */
function sameStart(functions: readonly ImageSymbol[], index: number): ImageSymbol[] {
  const address = functions[index]?.address
  let end = index
  while (functions[end]?.address === address && end < functions.length) end += 1
  return functions.slice(index, end).toReversed()
}
