import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describePlanFault, planFault } from './plan-shape.ts'
import type { PlannedWrite } from './plan.ts'
import { arbitraryPlan, simPlan, simWrite } from './testing/arbitrary-plan.ts'
import { SIM_TEXT_BYTES, simImage, simTextBytes } from './testing/sim-hypervisor.ts'

const stage = simWrite('stage', 0, 0x700, Uint8Array.of(1, 2, 3, 4))
const relay = simWrite('relay', 0, 0x301, Uint8Array.of(0xe9, 1, 2, 3, 4))
const last = simWrite('switch', 0, 0x320, Uint8Array.of(0xeb, 0xdf))

function faultOf(...writes: readonly PlannedWrite[]) {
  return planFault(simPlan(writes), simImage.textWithPadding)
}

describe('planFault()', () => {
  it('finds none in a plan as the planner promises it', () => {
    expect(faultOf(stage, relay, last)).toBeUndefined()
    fc.assert(
      fc.property(arbitraryPlan, (plan) => {
        expect(planFault(plan, simImage.textWithPadding)).toBeUndefined()
      }),
      { seed: 0x91a2, numRuns: 100 },
    )
  })

  const empty = new Uint8Array(0)
  it.each([
    ['no-switch', [stage, relay]],
    ['no-switch', []],
    ['empty-write', [{ ...stage, before: empty, after: empty }, last]],
    ['lengths-differ', [{ ...stage, after: Uint8Array.of(1) }, last]],
    ['changes-nothing', [simWrite('switch', 0, 0x320, simTextBytes(0x320, 4))]],
    ['outside-text', [simWrite('switch', 0, -1, Uint8Array.of(0x90))]],
    ['outside-text', [simWrite('stage', 0, SIM_TEXT_BYTES - 1, Uint8Array.of(1, 2)), last]],
    ['switch-crosses-unit', [simWrite('switch', 0, 0x327, Uint8Array.of(1, 2))]],
    ['out-of-order', [relay, stage, last]],
    ['out-of-order', [last, relay]],
    ['overlap', [stage, simWrite('stage', 0, 0x703, Uint8Array.of(1)), last]],
  ] as const)('finds %s', (kind, writes) => {
    const fault = faultOf(...writes)
    expect(fault?.kind).toBe(kind)
    expect(fault && describePlanFault(fault)).toMatch(/^(the|it) .*[^.]$/)
  })
})
