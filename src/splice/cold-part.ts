import { ownerOfColdPart } from '../diff/normal-name.ts'
import type { Image, ImageSymbol } from '../image/image.ts'

/**
 * Whether the compiler split `part` from `whole`: nothing else leads to it.
 *
 * A part is static, in the file of its function. Of a global function the symbols do not tell the
 * file: a part is its own, unless that part's file has a static function of the name.
 */
export function isColdPart(image: Image, part: ImageSymbol, whole: ImageSymbol): boolean {
  if (ownerOfColdPart(part.name) !== whole.name) return false
  if (part.file === whole.file) return true
  const isOfGlobal = whole.binding === 'global' && part.file !== undefined
  return isOfGlobal && image.find(`${part.file}#${whole.name}`).kind === 'not-found'
}

/** The parts that the compiler split off the functions. */
export function coldPartsOf(image: Image, wholes: readonly ImageSymbol[]): readonly ImageSymbol[] {
  let parts = PARTS.get(image)
  if (parts === undefined) {
    parts = image.symbols.filter(({ name }) => ownerOfColdPart(name) !== undefined)
    PARTS.set(image, parts)
  }
  return parts.filter((part) => wholes.some((whole) => isColdPart(image, part, whole)))
}

/** All parts of an image, which never changes. */
const PARTS = new WeakMap<Image, readonly ImageSymbol[]>()
