import type { VirtualAddress } from '../../address/address.ts'
import { contains } from '../../address/address-range.ts'
import type { Image, ImageSymbol } from '../../image/image.ts'
import type { ImageReference, ImageReferences } from '../../image/image-references.ts'
import { imageAlternatives } from '../../image/image-tables.ts'
import { coldPartsOf } from '../cold-part.ts'

/** A replaced function, and what in the image makes a switch at its entry necessary. */
export interface ReplacedFunction {
  readonly symbol: ImageSymbol
  /** Undefined where nothing but other replaced functions calls it, and only directly. */
  readonly reachedBy: ImageReference | undefined
}

/**
 * Which of the replaced functions have to be switched: those that something other than replaced
 * functions may reach.
 *
 * One that only replaced functions call is reached by old callers alone once those are switched. It
 * must not be switched, for its parameters may have changed together with its callers. An address
 * that is taken, even by a replaced function, may be kept anywhere, so it makes a switch necessary.
 */
export function neededSwitches(
  image: Image,
  references: ImageReferences,
  replaced: readonly ImageSymbol[],
): readonly ReplacedFunction[] {
  const inReplaced = replacedCode(image, replaced)
  return replaced.map((symbol) => {
    const reachedBy = references
      .to({ start: symbol.address, byteLength: 1 })
      .find(({ from, form }) => !((form === 'call' || form === 'jump') && inReplaced(from)))
    return { symbol, reachedBy }
  })
}

/** Whether an instruction belongs to a replaced function: to it, its cold part, an alternative. */
function replacedCode(
  image: Image,
  replaced: readonly ImageSymbol[],
): (from: VirtualAddress) => boolean {
  const owners = new Set(replaced.map(({ address }) => address))
  const colds = new Set(coldPartsOf(image, replaced).map(({ address }) => address))
  const alternatives = imageAlternatives(image)
  return (from) => {
    const entry = alternatives.find(({ replacement }) =>
      contains(replacement, { start: from, byteLength: 1 }),
    )
    const owner = image.functionAt(entry?.site.start ?? from)
    return owner !== undefined && (owners.has(owner.address) || colds.has(owner.address))
  }
}
