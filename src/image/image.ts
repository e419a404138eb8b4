import type { VirtualAddress } from '../address/address.ts'
import type { AddressRange } from '../address/address-range.ts'
import type { BuildId } from './build-id.ts'

/** A section of the linked hypervisor that is loaded into memory. */
export interface ImageSection extends AddressRange<VirtualAddress> {
  readonly name: string
  readonly executable: boolean
  /** The bytes as linked. Absent for `.bss`. Boot rewrites some: alternatives, for one. */
  readonly bytes: Uint8Array | undefined
}

export interface ImageSymbol {
  /** The name as linked, such as `do_dm_op`. */
  readonly name: string
  /** The source file of a local symbol, where the symbol table names it: `common/domain.c`. */
  readonly file: string | undefined
  readonly address: VirtualAddress
  readonly byteLength: number
  readonly kind: 'function' | 'object' | 'other'
  readonly binding: 'local' | 'global'
}

export type SymbolLookup =
  | { readonly kind: 'found'; readonly symbol: ImageSymbol }
  | { readonly kind: 'not-found' }
  /** Several static symbols share the name; `file.c#name` tells them apart. */
  | { readonly kind: 'ambiguous'; readonly candidates: readonly ImageSymbol[] }

/** One build of the hypervisor, as linked: read from `xen-syms`. */
export interface Image {
  readonly buildId: BuildId
  /** Where the build-id note's descriptor (the build-id itself) lies in the running image. */
  readonly buildIdAt: VirtualAddress
  /** `_start`: the image's first byte. The machine range that Xen reports begins here. */
  readonly start: VirtualAddress
  /** `_end` - `_start`: what Xen must report as the size of its range. */
  readonly byteLength: number
  readonly sections: readonly ImageSection[]
  /** All symbols with an address, by rising address. */
  readonly symbols: readonly ImageSymbol[]
  /** `.text`, with the padding behind it up to the end of its last page. */
  readonly text: ImageSection
  readonly textWithPadding: AddressRange<VirtualAddress>
  /**
   * By `name`, or by `file.c#name` as Xen writes static symbols; the file may be given with as
   * many of its folders as it takes. A global symbol goes before static ones of its name.
   */
  find(name: string): SymbolLookup
  /** The function whose bytes contain `address`. */
  functionAt(address: VirtualAddress): ImageSymbol | undefined
  /**
   * The bytes as linked, or undefined where the range is neither inside one section with bytes
   * nor inside `textWithPadding`.
   */
  bytesAt(range: AddressRange<VirtualAddress>): Uint8Array | undefined
}
