import type { VirtualAddress } from '../address/address.ts'

/**
 * How an instruction hands on control.
 *
 * `next` goes on behind itself and nowhere else; `call` and `indirect-call` come back there;
 * `interrupt` (`int3`, `int`) may. `exception` is `ud2` and its like, which never go on.
 */
export type Flow =
  | 'next'
  | 'jump'
  | 'indirect-jump'
  | 'conditional-jump'
  | 'call'
  | 'indirect-call'
  | 'return'
  | 'interrupt'
  | 'transaction'
  | 'exception'

/** A field of an instruction's encoding that holds a displacement or an immediate. */
export interface OperandField {
  readonly kind: 'displacement' | 'immediate'
  /** Where in the instruction the field begins. */
  readonly at: number
  readonly byteLength: number
}

/** One decoded instruction, as plain values. */
export interface Instruction {
  /** Where in the decoded run the instruction begins. */
  readonly offset: number
  readonly byteLength: number
  readonly flow: Flow
  /** Where a direct branch or call goes. */
  readonly branchTarget: VirtualAddress | undefined
  /** What an operand relative to `%rip` refers to. */
  readonly ripTarget: VirtualAddress | undefined
  /** Whether it does nothing at all: `nop` of any length. `int3` is none. */
  readonly isNop: boolean
  /** Whether it is `endbr64`, which marks where indirect branches may arrive. */
  readonly isEndbr: boolean
  /** The displacement and immediate fields, those of branches included. */
  readonly fields: readonly OperandField[]
}

/** Whether execution never goes on behind the instruction. */
export function endsFlow(instruction: Instruction): boolean {
  return (
    instruction.flow === 'jump' ||
    instruction.flow === 'indirect-jump' ||
    instruction.flow === 'return' ||
    instruction.flow === 'exception'
  )
}
