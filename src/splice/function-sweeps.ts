import type { VirtualAddress } from '../address/address.ts'
import { contains } from '../address/address-range.ts'
import type { Image, ImageSymbol } from '../image/image.ts'
import { FreeRuns } from './free-runs.ts'
import { type Sweep, sweepFunction } from '../x86/boundaries.ts'

/** The sweeps of an image's functions, and the bytes that they leave free, each found once. */
export class FunctionSweeps {
  readonly image: Image
  readonly #sweeps = new Map<VirtualAddress, Sweep>()
  #freeRuns: FreeRuns | undefined

  constructor(image: Image) {
    this.image = image
  }

  get freeRuns(): FreeRuns {
    this.#freeRuns ??= new FreeRuns(this)
    return this.#freeRuns
  }

  /** The sweep of a function as linked. A function without bytes has an unclean one. */
  of(symbol: ImageSymbol): Sweep {
    const known = this.#sweeps.get(symbol.address)
    if (known !== undefined) return known
    const range = { start: symbol.address, byteLength: symbol.byteLength }
    const bytes = symbol.byteLength === 0 ? undefined : this.image.bytesAt(range)
    const sweep: Sweep =
      bytes === undefined
        ? { kind: 'unclean', offset: 0, reason: 'undecodable' }
        : sweepFunction(bytes, symbol.address)
    this.#sweeps.set(symbol.address, sweep)
    return sweep
  }

  /**
   * Whether a branch to `address` arrives at an instruction of `.text`: at a function's beginning,
   * on a boundary of a clean sweep, or at a symbol of its own where no function is known.
   */
  isInstruction(address: VirtualAddress): boolean {
    const { image } = this
    if (!contains(image.text, { start: address, byteLength: 1 })) return false
    const owner = image.functionAt(address)
    if (owner === undefined) return image.symbols.some((symbol) => symbol.address === address)
    if (owner.address === address) return true
    const sweep = this.of(owner)
    return sweep.kind === 'clean' && sweep.boundaries.has(Number(address - owner.address))
  }
}
