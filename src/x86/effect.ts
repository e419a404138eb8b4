import type { GeneralRegister } from './general-register.ts'

/** Memory as an operand names it: 8 bytes at a register and a displacement. */
export interface StackOperand {
  readonly base: GeneralRegister
  readonly displacement: number
  readonly byteLength: number
}

/**
 * What one instruction does to the general registers and to memory; flags are left out.
 *
 * `set`, `store` and `push` say all that the instruction does. `compute` says which registers it
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
  /** 8 bytes onto the stack: a register, or something else. */
  | { readonly kind: 'push'; readonly from: GeneralRegister | undefined }
  /** A write to memory beside one register; `from` is known where it is a whole one. */
  | {
      readonly kind: 'store'
      readonly to: StackOperand
      readonly from: GeneralRegister | undefined
      readonly reads: readonly GeneralRegister[]
    }
  /** Reads registers, perhaps memory, and writes registers; writes no memory. */
  | {
      readonly kind: 'compute'
      readonly reads: readonly GeneralRegister[]
      readonly writes: readonly GeneralRegister[]
      /** Whether it reads memory, and if so whether only the image's own, next to `%rip`. */
      readonly memory: 'none' | 'image' | 'other'
    }
  | { readonly kind: 'opaque' }
