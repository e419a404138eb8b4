import { FRAME_BYTES } from '../../address/address.ts'
import type { Effect } from '../../x86/effect.ts'
import type { GeneralRegister } from '../../x86/general-register.ts'

/**
 * What a register held when the function was called, or the last byte of the CPU's stack, plus a
 * constant.
 */
export interface CallValue {
  readonly of: GeneralRegister | 'stack-end'
  readonly plus: number
}

/**
 * The bits of an address inside a CPU's stack. Xen keeps what it knows of a CPU at its stack's end
 * and finds that by setting these bits of the stack pointer (`STACK_ORDER` 3 and
 * `get_stack_bottom`, xen/arch/x86/include/asm/config.h and current.h).
 */
const STACK_MASK = 0x7fff

/**
 * What is known of the registers and the function's own part of the stack, in terms of what the
 * registers held when the function was called.
 */
export interface CallState {
  /** Registers that hold something else than when the function was called; undefined: unknown. */
  readonly changed: ReadonlyMap<GeneralRegister, CallValue | undefined>
  /** Words of the stack by their distance from the return address, which is at 0: all negative. */
  readonly words: ReadonlyMap<number, CallValue>
  /** How far the stack pointer is below the return address, in bytes. */
  readonly depth: number
  /** Registers whose value at the call was looked at: copied, stored, or computed with. */
  readonly used: ReadonlySet<CallValue['of']>
}

/** Right after the call. */
export const AT_CALL: CallState = {
  changed: new Map(),
  words: new Map(),
  depth: 0,
  used: new Set(),
}

/** Bytes of a push, and of what a register is saved in. */
export const WORD_BYTES = 8

/** What a register holds; undefined where it is not known. */
export function valueOf(state: CallState, register: GeneralRegister): CallValue | undefined {
  if (register === 'rsp') return { of: 'rsp', plus: -state.depth }
  return state.changed.has(register) ? state.changed.get(register) : { of: register, plus: 0 }
}

/**
 * The state once an instruction has run, or undefined where it did what cannot be known or cannot
 * be undone: wrote memory that is not the function's own part of the stack, moved the stack
 * pointer to nobody knows where, read memory that may not be there or may be a device's.
 */
export function afterEffect(state: CallState, effect: Effect): CallState | undefined {
  switch (effect.kind) {
    case 'set': {
      const from = valueOf(state, effect.from)
      const value = from && { of: from.of, plus: from.plus + effect.plus }
      if (effect.to === 'rsp') return withStackAt(state, value)
      return withRegister(withUsed(state, [effect.from]), effect.to, value)
    }
    case 'fill': {
      const from = valueOf(state, effect.to)
      const isStackEnd = from?.of === 'rsp' && effect.mask === STACK_MASK
      const used = withUsed(state, [effect.to])
      return withRegister(used, effect.to, isStackEnd ? { of: 'stack-end', plus: 0 } : undefined)
    }
    case 'push': {
      const value = effect.from && valueOf(state, effect.from)
      const deeper = { ...state, depth: state.depth + WORD_BYTES }
      return withWord(deeper, -deeper.depth, WORD_BYTES, value)
    }
    case 'store': {
      const base = valueOf(state, effect.to.base)
      if (base?.of !== 'rsp') return undefined
      const at = base.plus + effect.to.displacement
      const end = at + effect.to.byteLength
      if (at < -state.depth || end > 0) return undefined
      const value = effect.from && valueOf(state, effect.from)
      return withWord(withUsed(state, effect.reads), at, effect.to.byteLength, value)
    }
    case 'compute': {
      if (effect.writes.includes('rsp') || !isHarmless(state, effect.memory)) return undefined
      return effect.writes.reduce<CallState>(
        (after, register) => withRegister(after, register, undefined),
        withUsed(state, effect.reads),
      )
    }
    case 'opaque':
      return undefined
  }
}

/**
 * Whether the memory may be read by a call that will run the new code alone: it is there and is no
 * device's whatever the call was made with.
 */
// Not so what an argument points to. New code may be there to check that argument first.
function isHarmless(state: CallState, memory: Computes['memory']): boolean {
  if (memory === 'none' || memory === 'image') return true
  if (memory === 'other') return false
  const base = valueOf(state, memory.base)
  if (base === undefined) return false
  const at = base.plus + memory.displacement
  if (base.of === 'rsp') return at >= -state.depth && at < WORD_BYTES
  // The last page of a stack is always there.
  return base.of === 'stack-end' && at > -FRAME_BYTES && at + memory.byteLength <= 1
}

type Computes = Extract<Effect, { kind: 'compute' }>

function withRegister(
  state: CallState,
  register: GeneralRegister,
  value: CallValue | undefined,
): CallState {
  const changed = new Map(state.changed)
  if (value?.of === register && value.plus === 0) changed.delete(register)
  else changed.set(register, value)
  return { ...state, changed }
}

function withStackAt(state: CallState, value: CallValue | undefined): CallState | undefined {
  if (value?.of !== 'rsp' || value.plus > 0) return undefined
  const depth = 0 - value.plus
  // What lies below the stack pointer, an interrupt may overwrite.
  const words = new Map([...state.words].filter(([at]) => at >= -depth))
  return { ...state, depth, words }
}

function withWord(
  state: CallState,
  at: number,
  byteLength: number,
  value: CallValue | undefined,
): CallState {
  const words = new Map(
    [...state.words].filter(([other]) => other + WORD_BYTES <= at || other >= at + byteLength),
  )
  if (value !== undefined && byteLength === WORD_BYTES) words.set(at, value)
  return { ...state, words }
}

function withUsed(state: CallState, registers: readonly GeneralRegister[]): CallState {
  const used = new Set<CallValue['of']>(state.used)
  for (const register of registers) {
    const value = valueOf(state, register)
    if (value !== undefined) used.add(value.of)
  }
  return { ...state, used }
}
