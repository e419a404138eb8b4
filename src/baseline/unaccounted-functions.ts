import type { Image, ImageSymbol } from '../image/image.ts'
import type { ObjectProof } from './object-proof.ts'

/**
 * The functions of an image that no object of the build has: the image was linked from more, as
 * with other options of its configuration. By rising address.
 *
 * A function that an object has, and that differs, is none of them.
 */
export function unaccountedFunctions(
  proofs: readonly ObjectProof[],
  image: Pick<Image, 'symbols'>,
): readonly ImageSymbol[] {
  const accounted = new Set<bigint>(
    proofs
      .flatMap((proof) => proof.functions)
      .flatMap(({ verdict }) => (verdict.kind === 'not-in-image' ? [] : [verdict.address])),
  )
  return image.symbols.filter(({ kind, address }) => kind === 'function' && !accounted.has(address))
}
