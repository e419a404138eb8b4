/**
 * What a source patch comes to in machine code: the result of the diff, and what both forms of a
 * payload are made from.
 *
 * @module
 */

/** A symbol of the hypervisor, as the image and Xen's own table name it. */
export interface SymbolName {
  readonly name: string
  /** For a static symbol, its `STT_FILE`: `common/dm.c`. Undefined for a global one. */
  readonly file: string | undefined
}

/** What a relocation fills its hole with, before the addend is added. */
export type PieceTarget =
  /** A place inside the patch. */
  | { readonly kind: 'piece'; readonly piece: string; readonly offset: number }
  /** A symbol of the running hypervisor. */
  | { readonly kind: 'image'; readonly symbol: SymbolName }

export interface PieceRelocation {
  /** Where in the piece the hole begins. */
  readonly at: number
  /** One of `R_X86_64`. */
  readonly type: number
  readonly target: PieceTarget
  /** As in the object: it holds what the psABI's formula adds, such as -4 in a call. */
  readonly addend: bigint
}

/**
 * A run of bytes that a patch brings along: a function, a constant, strings, one entry of a
 * special section, a piece of `.fixup`.
 *
 * Pieces of one section are laid out in the order in which the patch lists them, each aligned;
 * nothing else is assumed of their places.
 */
export interface Piece {
  /** Unique in the patch and equal in every build: `common/dm.o:.text.do_dm_op`. */
  readonly id: string
  /** The object that it comes from: `common/dm.o`. */
  readonly object: string
  /** The section that it goes into: `.text.do_dm_op`, `.altinstructions`, `.bug_frames.2`. */
  readonly section: string
  /** `sh_flags` of that section. */
  readonly flags: bigint
  /** `sh_entsize` of that section. */
  readonly entryBytes: number
  /** A power of two. */
  readonly alignment: number
  /** The bytes, or how many zeros. */
  readonly content: Uint8Array | { readonly byteLength: number }
  readonly relocations: readonly PieceRelocation[]
}

/** A function or variable inside a piece, as the compiler named it. */
export interface PieceSymbol extends SymbolName {
  readonly kind: 'function' | 'object'
  readonly piece: string
  readonly offset: number
  readonly byteLength: number
}

/** A function of the hypervisor that gets new code. */
export interface Replacement {
  /** As the running hypervisor names it, whatever number the compiler gave the new one. */
  readonly symbol: SymbolName
  /** The piece whose first byte is the new function's entry. */
  readonly piece: string
  /** How long the old function is in the object that was proven. */
  readonly oldByteLength: number
  readonly newByteLength: number
}

/**
 * New code and all that it needs.
 *
 * Every piece is needed by a replaced function, directly or through others; every piece that a
 * target names is in `pieces`; ids are unique; `replacements` has each symbol once. Equal objects
 * give equal patches, in the same order.
 */
export interface Patch {
  readonly pieces: readonly Piece[]
  readonly symbols: readonly PieceSymbol[]
  readonly replacements: readonly Replacement[]
}
