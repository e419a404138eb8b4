import type { GeneralRegister } from './general-register.ts'

/** Memory as an operand names it: bytes at one register and a displacement. */
export interface PlainOperand {
  readonly base: GeneralRegister
  readonly displacement: number
  readonly byteLength: number
}

/**
 * What one instruction does to the general registers and to memory; flags are left out.
 *
 * `set`, `fill`, `store` and `push` say all that the instruction does. `compute` says which registers it
 * writes without saying what. `opaque` may do anything.
 */
export type Effect =
  /** `to` becomes what `from` was, plus `plus`: moves, `lea`, additions of a constant. */
  | {
      readonly kind: 'set'
      readonly to: GeneralRegister
      readonly from: GeneralRegister
      readonly plus: number
    }
  /** All bits of `mask` are set in the register; it has only low bits, in a row. */
  | { readonly kind: 'fill'; readonly to: GeneralRegister; readonly mask: number }
  /** 8 bytes onto the stack: a register, or something else. */
  | { readonly kind: 'push'; readonly from: GeneralRegister | undefined }
  /** A write to memory beside one register; `from` is known where it is a whole one. */
  | {
      readonly kind: 'store'
      readonly to: PlainOperand
      readonly from: GeneralRegister | undefined
      readonly reads: readonly GeneralRegister[]
    }
  /** Reads registers, perhaps memory, and writes registers; writes no memory. */
  | {
      readonly kind: 'compute'
      readonly reads: readonly GeneralRegister[]
      readonly writes: readonly GeneralRegister[]
      /** What memory it reads; `image` is the image's own, by an operand relative to `%rip`. */
      readonly memory: 'none' | 'image' | PlainOperand | 'other'
    }
  | { readonly kind: 'opaque' }
