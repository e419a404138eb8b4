import type { SymbolName } from '../diff/patch.ts'
import type { SymbolDraft } from '../elf/draft.ts'
import type { Image, ImageSymbol } from '../image/image.ts'
import { findSymbol } from './find-symbol.ts'
import { xenName, type XenNames } from './xen-names.ts'

export type NamedTarget =
  | { readonly kind: 'named'; readonly symbol: SymbolDraft }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'ambiguous'; readonly candidates: readonly ImageSymbol[] }

/**
 * A symbol through which Xen's loader finds what is meant in the running hypervisor.
 *
 * By name, where the hypervisor's own table leads from the name to that address and to no other;
 * else by the address itself, which the loader takes in every release and the build-id makes safe.
 */
export function nameTarget(image: Image, names: XenNames, wanted: SymbolName): NamedTarget {
  const found = findSymbol(image, wanted)
  if (found.kind !== 'found') return found
  const { address } = found.symbol
  const name = xenName(wanted)
  const looked = names.lookUp(name)
  const isNamed = looked.kind === 'found' && looked.address === address
  const symbol: SymbolDraft = {
    name,
    kind: 'none',
    binding: 'global',
    section: isNamed ? 'undefined' : 'absolute',
    value: isNamed ? 0n : address,
  }
  return { kind: 'named', symbol }
}
