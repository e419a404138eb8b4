import { virtualAddress } from '../address/address.ts'
import { SHF } from '../elf/definitions.ts'
import type { ElfFile, ElfSymbol, ElfSymbolKind } from '../elf/elf-file.ts'
import type { ImageSymbol } from './image.ts'
import type { ImageRefusal } from './image-refusal.ts'

/** Xen gives its image this much room (`XEN_VIRT_SIZE`, xen/arch/x86/include/asm/config.h). */
export const MAX_IMAGE_BYTES = 1 << 30

/**
 * The named symbols that stand for an address, by rising address.
 *
 * Of several at one address, global ones come first, then longer ones, then by name. Numbers
 * (absolute symbols) and undefined symbols are left out.
 */
export function readImageSymbols(
  elf: ElfFile,
):
  | { readonly kind: 'read'; readonly value: readonly ImageSymbol[] }
  | { readonly kind: 'refused'; readonly refusal: ImageRefusal } {
  const symbols: ImageSymbol[] = []
  let file: string | undefined
  for (const symbol of elf.symbols) {
    // gABI: Symbol Table, STT_FILE: it precedes the local symbols of its file.
    if (symbol.kind === 'file') file = symbol.name === '' ? undefined : symbol.name
    if (!standsForAddress(elf, symbol)) continue
    if (symbol.byteLength > BigInt(MAX_IMAGE_BYTES)) {
      const refusal = {
        kind: 'symbol-implausible',
        symbol: symbol.name,
        foundBytes: symbol.byteLength,
        wantedAtMostBytes: MAX_IMAGE_BYTES,
      } as const
      return { kind: 'refused', refusal }
    }
    const binding = symbol.binding === 'local' ? 'local' : 'global'
    symbols.push({
      name: symbol.name,
      file: binding === 'local' ? file : undefined,
      address: virtualAddress(symbol.value),
      byteLength: Number(symbol.byteLength),
      kind: kindOf(symbol.kind),
      binding,
    })
  }
  if (symbols.length === 0) return { kind: 'refused', refusal: { kind: 'no-symbols' } }
  return { kind: 'read', value: symbols.sort(inOrder) }
}

function standsForAddress(elf: ElfFile, symbol: ElfSymbol): boolean {
  if (typeof symbol.section !== 'number' || symbol.name === '') return false
  if (symbol.kind === 'file' || symbol.kind === 'section') return false
  if (symbol.kind === 'thread-local') return false
  return ((elf.sections[symbol.section]?.flags ?? 0n) & SHF.ALLOC) !== 0n
}

function kindOf(kind: ElfSymbolKind): ImageSymbol['kind'] {
  if (kind === 'function' || kind === 'indirect-function') return 'function'
  return kind === 'object' ? 'object' : 'other'
}

function inOrder(a: ImageSymbol, b: ImageSymbol): number {
  if (a.address !== b.address) return a.address < b.address ? -1 : 1
  if (a.binding !== b.binding) return a.binding === 'global' ? -1 : 1
  if (a.byteLength !== b.byteLength) return b.byteLength - a.byteLength
  if (a.name === b.name) return 0
  return a.name < b.name ? -1 : 1
}
