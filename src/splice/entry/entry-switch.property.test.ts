/**
 * The invariant, over prologues that nobody thought of: the old instructions in front of the jump,
 * then the stub's, leave every register that a call gives a meaning to as it was.
 */

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hexBytes } from '../../address/testing/hex-bytes.ts'
import { copyBytes } from '../../address/copy-bytes.ts'
import { virtualAddress } from '../../address/address.ts'
import { withinAlignedUnit } from '../../address/address-range.ts'
import { decode } from '../../x86/decode.ts'
import type { Effect } from '../../x86/effect.ts'
import { GENERAL_REGISTERS, type GeneralRegister } from '../../x86/general-register.ts'
import { readEffect } from '../../x86/read-effect.ts'
import { FunctionSweeps } from '../function-sweeps.ts'
import { STORE_UNIT_BYTES } from '../store-unit.ts'
import { imageOf } from '../testing/sample-splice.ts'
import { functionsOf } from './entry-survey.ts'
import type { EntrySwitch } from './entry-switch.ts'
import { EntrySwitches } from './find-entry-switch.ts'
import { linkEntrySwitch } from './link-entry-switch.ts'

/** Instructions that prologues are made of, and some that they are not. */
const INSTRUCTIONS = [
  '53',
  '55',
  '41 54',
  '41 57',
  '48 89 fb',
  '48 89 f5',
  '49 89 d4',
  '48 89 df',
  '48 89 e5',
  '48 83 ec 18',
  '48 83 c4 08',
  '48 81 ec 88 00 00 00',
  '31 c0',
  '31 d2',
  '89 f6',
  '48 8d 7f 10',
  '48 8d 6c 24 08',
  '48 89 7c 24 08',
  '48 89 1c 24',
  '4c 89 64 24 10',
  '84 c0',
  '49 89 c2',
  '83 fe 02',
  '6a 00',
  '48 8b 47 08',
  '0f 1f 40 00',
  'b8 01 00 00 00',
  'bf 01 00 00 00',
  '5b',
  'e8 00 00 00 00',
] as const

const prologues = fc.record({
  instructions: fc.array(fc.constantFrom(...INSTRUCTIONS), { minLength: 1, maxLength: 10 }),
  relays: fc.boolean(),
})

/** Registers with numbers in them, and a stack of words. */
interface Machine {
  readonly registers: Map<GeneralRegister, number>
  readonly memory: Map<number, number>
}

const STACK = 1_000_000

/** Registers that a call gives no meaning to. */
const MEANINGLESS: readonly GeneralRegister[] = ['rax', 'r10', 'r11']

function machine(): Machine {
  const registers = new Map(
    GENERAL_REGISTERS.map((name, index) => [name, (index + 1) * 10_000_019]),
  )
  registers.set('rsp', STACK)
  return { registers, memory: new Map() }
}

describe('a switch', () => {
  it('is one store, and leaves the new code what the call had', () => {
    let switched = 0
    fc.assert(
      fc.property(prologues, ({ instructions, relays }) => {
        const found = search(instructions, relays)
        if (found === undefined) return
        switched += 1
        expect(withinAlignedUnit(found.store, STORE_UNIT_BYTES)).toBe(true)
        const state = machine()
        run(state, hexBytes(instructions.join(' ')).subarray(0, found.offset))
        run(state, found.undo)
        for (const name of MEANINGLESS) state.registers.delete(name)
        const wanted = [...machine().registers].filter(([name]) => !MEANINGLESS.includes(name))
        expect([...state.registers]).toEqual(wanted)
      }),
      { seed: 3, numRuns: 2000 },
    )
    expect(switched).toBeGreaterThan(500)
  })

  it('links into writes that share no byte, the switch last', () => {
    const target = virtualAddress(0xffff_82d0_4020_0f00n)
    fc.assert(
      fc.property(prologues, ({ instructions, relays }) => {
        const found = search(instructions, relays)
        if (found === undefined) return
        const before = new Uint8Array(found.stubByteLength)
        const at = virtualAddress(0xffff_82d0_4020_0e00n)
        const stub = found.stubByteLength > 0 ? { at, before, place: 'padding' } : undefined
        const linked = linkEntrySwitch(found, target, stub)
        if (linked.kind !== 'linked') throw new Error('The target is out of reach')
        const roles = linked.writes.map(({ role }) => role)
        expect(roles.at(-1)).toBe('switch')
        expect(roles.filter((role) => role === 'switch')).toHaveLength(1)
        const bytes = linked.writes.flatMap(({ at: start, before: old, after }) => {
          expect(after).toHaveLength(old.byteLength)
          return Array.from(after, (_, index) => start + BigInt(index))
        })
        expect(new Set(bytes).size).toBe(bytes.length)
        expect(arrival(linked.writes, found)).toBe(target)
      }),
      { seed: 3, numRuns: 500 },
    )
  })
})

function search(instructions: readonly string[], relays: boolean): EntrySwitch | undefined {
  const code = hexBytes(`${instructions.join(' ')} c3`)
  const image = imageOf([
    { name: 'one', code },
    { name: 'other', code: hexBytes('c3') },
  ])
  const sweeps = new FunctionSweeps(image)
  const [symbol] = functionsOf(sweeps)
  const found = symbol && new EntrySwitches(sweeps).find(symbol, { isFree: () => relays })
  return found?.kind === 'switchable' ? found : undefined
}

/** Where the jumps that were written lead to from the site, by way of the stub. */
function arrival(
  writes: readonly { readonly at: bigint; readonly after: Uint8Array }[],
  found: EntrySwitch,
): bigint | undefined {
  let at: bigint = found.store.start
  for (;;) {
    const write = writes.find((one) => one.at === at)
    if (write === undefined) return at
    const jump = decode(copyBytes(write.after), virtualAddress(at)).instructions.at(-1)
    if (jump?.branchTarget === undefined) return undefined
    at = jump.branchTarget
  }
}

/** Runs straight-line code in the way that the manual describes, on numbers for values. */
function run(state: Machine, code: Uint8Array): void {
  const at = virtualAddress(0x1000n)
  for (const { offset, byteLength } of decode(code, at).instructions) {
    const bytes = code.subarray(offset, offset + byteLength)
    const pop = bytes.at(-1) ?? 0
    if (pop >= 0x58 && pop <= 0x5f && byteLength <= 2) {
      const name = GENERAL_REGISTERS[(pop & 7) + (byteLength === 2 ? 8 : 0)] ?? 'rax'
      const top = get(state, 'rsp')
      state.registers.set('rsp', top + 8)
      state.registers.set(name, state.memory.get(top) ?? Number.NaN)
    } else apply(state, readEffect(bytes, at))
  }
}

function get(state: Machine, name: GeneralRegister): number {
  return state.registers.get(name) ?? Number.NaN
}

function apply(state: Machine, effect: Effect): void {
  switch (effect.kind) {
    case 'set':
      state.registers.set(effect.to, get(state, effect.from) + effect.plus)
      break
    case 'push': {
      const value = effect.from === undefined ? Number.NaN : get(state, effect.from)
      const top = get(state, 'rsp') - 8
      state.registers.set('rsp', top)
      state.memory.set(top, value)
      break
    }
    case 'store': {
      const start = get(state, effect.to.base) + effect.to.displacement
      for (let at = start - 7; at < start + effect.to.byteLength; at++) state.memory.delete(at)
      state.memory.set(start, effect.from === undefined ? Number.NaN : get(state, effect.from))
      break
    }
    case 'compute':
      for (const name of effect.writes) state.registers.set(name, Number.NaN)
      break
    default:
      throw new Error(`An instruction with the effect ${effect.kind} was run`)
  }
}
