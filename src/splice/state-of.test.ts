import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeState, stateOf } from './state-of.ts'
import { arbitraryPlan, simPlan, simWrite } from './testing/arbitrary-plan.ts'

const stage = simWrite('stage', 0, 0x700, Uint8Array.of(1, 2, 3, 4))
const first = simWrite('switch', 0, 0x320, Uint8Array.of(0xeb, 0xdf))
const second = simWrite('switch', 1, 0x330, Uint8Array.of(0x83))
const plan = simPlan([stage, first, second])
const torn = Uint8Array.from([...stage.after.subarray(0, 2), ...stage.before.subarray(2)])
const foreign = Uint8Array.from(first.before, (byte, index) =>
  byte === 0x11 || first.after[index] === 0x11 ? 0x22 : 0x11,
)

describe('stateOf()', () => {
  it.each([
    ['nothing', [stage.before, first.before, second.before], 'not-applied', false],
    ['staged code', [stage.after, first.before, second.before], 'not-applied', true],
    ['half of the staged code', [torn, first.before, second.before], 'not-applied', true],
    ['everything', [stage.after, first.after, second.after], 'applied', undefined],
    ['one switch of two', [stage.after, first.after, second.before], 'inconsistent', undefined],
    ['switches over torn code', [torn, first.after, second.after], 'inconsistent', undefined],
    ['a foreign byte', [stage.after, foreign, second.after], 'foreign', undefined],
  ] as const)('with %s in memory is told from it', (_, found, kind, staged) => {
    const state = stateOf(plan, found)
    expect(state.kind).toBe(kind)
    expect(state.kind === 'not-applied' ? state.staged : undefined).toBe(staged)
  })

  it('never calls a mixture of old and new bytes foreign', () => {
    fc.assert(
      fc.property(arbitraryPlan, fc.infiniteStream(fc.boolean()), (random, coins) => {
        const found = random.writes.map((write) =>
          write.before.map((byte, index) =>
            coins.next().value === true ? byte : (write.after[index] ?? 0),
          ),
        )
        expect(stateOf(random, found).kind).not.toBe('foreign')
      }),
      { seed: 0x70a2, numRuns: 200 },
    )
  })

  it('does not accept findings of another plan', () => {
    expect(() => stateOf(plan, [stage.before])).toThrow(RangeError)
    expect(() => stateOf(plan, [first.before, first.before, second.before])).toThrow(RangeError)
  })
})

describe('describeState()', () => {
  it('says how the machine is', () => {
    const states = [
      [stage.before, first.before, second.before],
      [torn, first.before, second.before],
      [torn, first.after, second.before],
      [stage.after, first.after, second.after],
      [stage.after, foreign, second.after],
    ].map((found) => describeState(stateOf(plan, found)))
    expect(states).toMatchInlineSnapshot(`
      [
        "The fix is not applied: memory holds the old bytes everywhere",
        "The fix is not applied: every site holds its old bytes, and staged code that nothing reaches is left in memory",
        "The fix is half applied: 1 of 2 switches is live; half-written: sim_text+0x700; apply or revert can finish",
        "The fix is applied: every write of its plan is in memory",
        "Memory holds bytes at sim_text+0x320 that are neither the fix's nor the build's; something else changed this hypervisor",
      ]
    `)
  })
})
