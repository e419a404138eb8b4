import { describe, expect, it } from 'vitest'
import { crashAnywhere } from '../crash-anywhere.ts'
import type { SpliceGoal } from '../precheck.ts'
import { hypervisorOf } from './testing/sample-hypervisor.ts'
import { examined, orderOf } from './testing/sample-order.ts'
import { PayloadWorld } from './testing/payload-world.ts'

const IMAGE = hypervisorOf({
  text: [
    { name: 'entry', code: 'e8 {pc32 one}  e8 {pc32 two}  c3' },
    { name: 'one', code: 'b8 01 00 00 00  e8 {pc32 inner}  c3' },
    { name: 'two', code: '31 c0  ff c0  c3' },
    { name: 'inner', code: '31 c0  ff c0  c3' },
    { name: 'helper', code: '31 c0  c3' },
    { name: 'vmx_exit', code: `${'90 '.repeat(80)} c3` },
  ],
  initText: [
    { name: 'hvm_enable', code: 'e8 {pc32 start_vmx}  c3' },
    { name: 'start_vmx', code: '48 8d 05 {pc32 vmx_table}  c3' },
  ],
  initData: [
    { name: 'initcall', code: '{abs64 hvm_enable} {abs64 entry}' },
    { name: 'vmx_table', code: '{abs64 vmx_exit}' },
  ],
})

const EXAMINED = examined(
  orderOf(
    IMAGE,
    [
      { section: '.text.one', replaces: 'one', code: 'e8 {pc32 inner}  e9 {pc32 helper}' },
      { section: '.text.two', replaces: 'two', code: '48 8d 05 {pc32 .rodata.s}  c3' },
      { section: '.text.inner', replaces: 'inner', code: '31 c9  c3' },
      { section: '.rodata.s', code: '66 6f 6f 00' },
    ],
    { reuse: 'intel' },
  ),
)

// Plain throws and not `expect`: it runs some thousand times.
function check(world: PayloadWorld, by: string | undefined): void {
  const state = world.state()
  if (state.kind === 'foreign') throw new Error('Memory holds foreign bytes')
  if (by === 'apply' && state.kind !== 'applied') throw new Error(`It is ${state.kind}`)
  if (by === 'revert' && !world.isUntouched()) throw new Error('The old bytes are not back')
}

describe('a spliced payload', () => {
  it.each<SpliceGoal>(['applied', 'not-applied'])(
    'survives a fault at any step on the way to %s, planned anew each time',
    async (goal) => {
      const applied = new PayloadWorld(EXAMINED)
      await applied.spliceTo('applied')
      const { calls, runs } = await crashAnywhere<PayloadWorld>({
        newWorld: () => new PayloadWorld(EXAMINED),
        portsOf: (world) => world.ports(),
        act: async (ports, world) => {
          if (goal === 'not-applied') await world.spliceTo('applied')
          return world.spliceTo(goal, ports)
        },
        finishes: {
          apply: (ports, world) => world.spliceTo('applied', ports),
          revert: (ports, world) => world.spliceTo('not-applied', ports),
        },
        check: (world, { finish }) => check(world, finish?.by),
        faultsAtOnce: 1,
      })
      expect(calls).toBeGreaterThan(3 * applied.plan().writes.length)
      expect(runs).toBe(1 + 6 * calls)
    },
  )
})
