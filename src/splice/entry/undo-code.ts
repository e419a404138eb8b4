import { GENERAL_REGISTERS, type GeneralRegister } from '../../x86/general-register.ts'
import { encodeLea, encodeMove, encodePop } from '../../x86/encode-restore.ts'
import { type CallState, valueOf, WORD_BYTES } from './call-state.ts'

export type UndoCode =
  | { readonly kind: 'code'; readonly bytes: Uint8Array }
  /** What the register held at the call is nowhere to be found. */
  | { readonly kind: 'lost'; readonly register: GeneralRegister }

/**
 * Registers to which a call gives no meaning: neither arguments nor kept for the caller.
 *
 * System V psABI (x86-64) 3.2.1 and figure 3.4. `%rax` counts vector registers in calls of variadic
 * functions and `%r10` is the static chain of nested ones; therefore they are given up only where
 * the old function does not look at them.
 */
const SCRATCH: ReadonlySet<GeneralRegister> = new Set(['rax', 'r10', 'r11'])

/**
 * Code that brings the registers and the stack pointer back to what they were at the call.
 *
 * Flags, `unread` registers, and scratch registers that the function did not look at may be left as
 * they are. Reads nothing below the stack pointer, where an interrupt may have written.
 */
export function undoCode(
  state: CallState,
  unread: ReadonlySet<GeneralRegister> = new Set(),
): UndoCode {
  const isWanted = (register: GeneralRegister): boolean =>
    state.changed.has(register) &&
    !unread.has(register) &&
    (!SCRATCH.has(register) || state.used.has(register))
  const wanted = GENERAL_REGISTERS.filter(isWanted)
  const saved = new Set(
    [...state.words.values()].filter(({ plus }) => plus === 0).map(({ of }) => of),
  )
  const moves = orderedMoves(
    state,
    wanted.filter((register) => !saved.has(register)),
  )
  if (moves.kind === 'lost') return moves
  const popped = popAll(state)
  return {
    kind: 'code',
    bytes: Uint8Array.from([...moves.bytes, ...popped].flatMap((each) => [...each])),
  }
}

/** Brings registers back from other registers, or from what they hold now. */
function orderedMoves(
  state: CallState,
  wanted: readonly GeneralRegister[],
):
  | { readonly kind: 'moves'; readonly bytes: readonly Uint8Array[] }
  | Extract<UndoCode, { kind: 'lost' }> {
  const bytes: Uint8Array[] = []
  const waiting = new Set(wanted)
  while (waiting.size > 0) {
    let done: GeneralRegister | undefined
    for (const register of waiting) {
      const source = sourceOf(state, register)
      if (source === undefined) return { kind: 'lost', register }
      // A register that another one still has to be brought back from must wait.
      const isNeeded = [...waiting].some(
        (other) => other !== register && sourceOf(state, other)?.in === register,
      )
      if (isNeeded) continue
      bytes.push(
        source.plus === 0
          ? encodeMove(register, source.in)
          : encodeLea(register, source.in, -source.plus),
      )
      done = register
      break
    }
    if (done === undefined) {
      const [register = 'rax'] = waiting
      return { kind: 'lost', register }
    }
    waiting.delete(done)
  }
  return { kind: 'moves', bytes }
}

/** The register from which `register` can be brought back; itself where it can be. */
function sourceOf(
  state: CallState,
  register: GeneralRegister,
): { readonly in: GeneralRegister; readonly plus: number } | undefined {
  const holders = [register, ...GENERAL_REGISTERS]
  for (const holder of holders) {
    const value = valueOf(state, holder)
    if (value?.of === register) return { in: holder, plus: value.plus }
  }
  return undefined
}

/**
 * Takes the stack pointer up to the return address. What a register held at the call is popped
 * into it, also where it holds that still: a `pop` is the shortest way past a word.
 */
function popAll(state: CallState): Uint8Array[] {
  const parts: Uint8Array[] = []
  let at = -state.depth
  let skipped = 0
  while (at < 0) {
    const value = state.words.get(at)
    if (value?.plus === 0 && value.of !== 'rsp' && value.of !== 'stack-end') {
      if (skipped > 0) parts.push(encodeLea('rsp', 'rsp', skipped))
      skipped = 0
      parts.push(encodePop(value.of))
      at += WORD_BYTES
    } else {
      // Not word by word: a frame need not be made of whole words.
      const above = [...state.words.keys()].filter((other) => other > at)
      const next = Math.min(0, ...above)
      skipped += next - at
      at = next
    }
  }
  if (skipped > 0) parts.push(encodeLea('rsp', 'rsp', skipped))
  return parts
}
