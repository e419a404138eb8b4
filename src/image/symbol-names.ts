import type { ImageSymbol, SymbolLookup } from './image.ts'

/** Symbols by name, for lookups by people and by fixes. */
export class SymbolNames {
  readonly #byName = new Map<string, ImageSymbol[]>()

  constructor(symbols: readonly ImageSymbol[]) {
    for (const symbol of symbols) {
      const bearers = this.#byName.get(symbol.name)
      if (bearers === undefined) this.#byName.set(symbol.name, [symbol])
      else bearers.push(symbol)
    }
  }

  /** See `Image.find`. */
  find(name: string): SymbolLookup {
    const mark = name.indexOf('#')
    if (mark === -1) return this.#findPlain(name)
    const file = name.slice(0, mark)
    const bearers = this.#byName.get(name.slice(mark + 1)) ?? []
    return only(bearers.filter((symbol) => isFile(symbol.file, file)))
  }

  #findPlain(name: string): SymbolLookup {
    const bearers = this.#byName.get(name) ?? []
    // A static symbol can be named with its file, a global one only like this.
    const globals = bearers.filter((symbol) => symbol.binding === 'global')
    return only(globals.length > 0 ? globals : bearers)
  }
}

function only(candidates: readonly ImageSymbol[]): SymbolLookup {
  const [symbol, another] = candidates
  if (symbol === undefined) return { kind: 'not-found' }
  if (another === undefined) return { kind: 'found', symbol }
  return { kind: 'ambiguous', candidates }
}

/** Whether `path` is `wanted`, or ends with it at a folder's boundary. */
function isFile(path: string | undefined, wanted: string): boolean {
  if (path === undefined || wanted === '') return false
  return path === wanted || path.endsWith(`/${wanted}`)
}
