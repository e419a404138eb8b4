import type { BuildId } from '../image/build-id.ts'

/** A place in the image: a symbol (or `file.c#symbol`) and an offset into it. */
export interface Place {
  readonly symbol: string
  readonly offset: number
}

/** A hole in new code that is filled once the code's address is known. */
export interface Relocation {
  /** Where in the code the hole begins. */
  readonly at: number
  /**
   * `pc32`: 4 bytes, the target relative to the end of the hole (as `call`, `jmp`, `jcc` and a
   * `lea` off `%rip` without immediate take it). `abs64`: 8 bytes, the target's virtual address.
   */
  readonly kind: 'pc32' | 'abs64'
  readonly target: Place
}

/** Machine code with the holes that relocations fill. */
export interface Code {
  readonly bytes: Uint8Array
  readonly relocations: readonly Relocation[]
}

/** Bytes put over as many other bytes, instruction for instruction. */
export interface Edit {
  readonly kind: 'edit'
  readonly at: Place
  readonly why: string
  readonly expect: Uint8Array
  readonly put: Uint8Array
}

/**
 * A jump to new code, in place of one instruction.
 *
 * `expect` is that instruction, whole. The new code stands for it, and itself jumps to wherever
 * execution is to go on.
 */
export interface Detour {
  readonly kind: 'detour'
  readonly at: Place
  readonly why: string
  readonly expect: Uint8Array
  readonly code: Code
}

export type Change = Edit | Detour

/** A fix written by hand, for one build of the hypervisor. */
export interface Fix {
  readonly formatVersion: 1
  /** Lower-case letters, digits and dashes: `xsa-506`. */
  readonly name: string
  /** `XSA-506`. */
  readonly advisory: string
  readonly cves: readonly string[]
  readonly title: string
  readonly base: { readonly buildId: BuildId; readonly version: string }
  /** The name of the fix whose bytes this one expects, if it does not expect the build's own. */
  readonly onTopOf: string | undefined
  /** Opens a hole instead of closing one. Nothing applies it without being told so each time. */
  readonly labOnly: boolean
  /** The name of a probe that Reweave knows (`reweave probe --list`), if one fits. */
  readonly probe: string | undefined
  readonly changes: readonly Change[]
}
