/**
 * What comparing a rebuilt object with the hypervisor that runs came to, function by function.
 *
 * @module
 */

import type { VirtualAddress } from '../address/address.ts'

/** A function or constant, as the object names it. */
export interface ProvenSymbol {
  readonly name: string
  /** For a static one, the `STT_FILE` before it: `common/dm.c`. Undefined for a global one. */
  readonly file: string | undefined
}

/**
 * In what the object and the image differ.
 *
 * `length`: one is longer. `bytes`: other instructions or values. `reference`: both refer to a
 * place, each to another. `text`: both refer to a string, and the strings differ. `table`: the
 * entries of a special section for this function differ. `unresolved`: the image lacks a symbol
 * that the object refers to. `unsupported`: a relocation that Reweave does not compute.
 */
export type DifferenceKind =
  | 'length'
  | 'bytes'
  | 'reference'
  | 'text'
  | 'table'
  | 'unresolved'
  | 'unsupported'

/** The first place at which the object and the image differ. */
export interface Difference {
  readonly kind: DifferenceKind
  /** From the start of the function or constant. */
  readonly at: number
  /** What was reached from there and differs, such as `.rodata.cst2`; undefined for its own bytes. */
  readonly within: string | undefined
  /** As the image has it: bytes in hexadecimal, a place, or a text. */
  readonly found: string
  /** As the object has it. */
  readonly wanted: string
}

/** A string that both refer to from one place, with another content in each. */
export interface OtherText {
  readonly at: number
  /** In the image. */
  readonly found: string
  /** In the object. */
  readonly wanted: string
}

export type Verdict =
  /** All bytes are equal once the relocations are resolved through the image's symbols. */
  | { readonly kind: 'identical'; readonly address: VirtualAddress }
  /** So too, but for texts that tell when, where and by whom a build was made. */
  | {
      readonly kind: 'explained'
      readonly address: VirtualAddress
      readonly texts: readonly OtherText[]
    }
  | {
      readonly kind: 'different'
      readonly address: VirtualAddress
      readonly difference: Difference
    }
  | { readonly kind: 'not-in-image'; readonly reason: AbsenceReason }

/**
 * Why the image does not have a symbol of the object.
 *
 * `discarded`: its section is one that Xen's linker script throws away. `object-not-linked`: the
 * image has no function of the object at all, as of one in a library that nothing needs.
 * `defined-elsewhere`: another object was proven to be where the image has its symbol from.
 * `unknown`: none of these, so the image is of another source.
 */
export type AbsenceReason = 'discarded' | 'object-not-linked' | 'defined-elsewhere' | 'unknown'

export interface SymbolProof {
  readonly symbol: ProvenSymbol
  /** In the object. */
  readonly byteLength: number
  readonly verdict: Verdict
}

/** The proofs of one object. */
export interface ObjectProof {
  /** `common/dm.o`, from the hypervisor's source folder. */
  readonly object: string
  /** Every function with a symbol, in the order of the object's symbol table. */
  readonly functions: readonly SymbolProof[]
  /**
   * Every named constant and variable that has bytes, as linked. No function's verdict depends
   * on these.
   */
  readonly data: readonly SymbolProof[]
  /** Special sections of the object that were not compared, since the image does not show theirs. */
  readonly leftOut: readonly string[]
}
