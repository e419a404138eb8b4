import type { SymbolName } from '../diff/patch.ts'
import type { Image, ImageSymbol } from '../image/image.ts'

export type SymbolFound =
  | { readonly kind: 'found'; readonly symbol: ImageSymbol }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'ambiguous'; readonly candidates: readonly ImageSymbol[] }

/**
 * The symbol of the image that a name means, to the letter: same name, same file.
 *
 * Of several at one address the first in the image's order stands for all. Unlike `Image.find`
 * it neither shortens paths nor takes a static symbol where a global one is meant.
 */
export function findSymbol(image: Image, wanted: SymbolName): SymbolFound {
  const candidates = image.symbols.filter(
    ({ name, file }) => name === wanted.name && file === wanted.file,
  )
  const [symbol] = candidates
  if (symbol === undefined) return { kind: 'not-found' }
  return candidates.some(({ address }) => address !== symbol.address)
    ? { kind: 'ambiguous', candidates }
    : { kind: 'found', symbol }
}
