import { describe, expect, it } from 'vitest'
import { readPlan, rangesOf, stateInRam } from '../testing/planned-write.ts'
import { KILLED, reweaveKilledAt, type StatusJson } from '../testing/reweave-answer.ts'
import { WarmReweave } from '../testing/warm-reweave.ts'
import type { XenUnderTest } from '../testing/xen-under-test.ts'

const FIX = 'xsa-506'
/** Some hundred commands: five minutes on a quiet machine. */
const MOST_MS = 1_800_000
const EXIT_OF: Readonly<Record<string, number>> = {
  applied: 0,
  'not-applied': 0,
  inconsistent: 14,
}

type Verb = 'apply' | 'revert'
const OTHER = { apply: 'revert', revert: 'apply' } as const
const GOALS = { apply: 'applied', revert: 'not-applied' } as const

/** Kills the process at each record of an apply's journal, and of a revert's. */
export function testCrashes(on: () => XenUnderTest, expectAsAtStart: () => void): void {
  describe('killed at any step', () => {
    it(
      'leaves a machine of which status tells the truth, and that apply or revert finishes',
      async () => {
        const xen = on()
        const writes = await readPlan(xen.machine, FIX)
        const untouched = xen.see()
        const warm = new WarmReweave(xen.machine)
        // Begin, intent and outcome of each write, end; a revert also waits for the CPUs to leave.
        const steps = { apply: 2 * writes.length + 2, revert: 2 * writes.length + 3 }
        const next: Record<Verb, number> = { apply: 1, revert: 1 }
        const whole: Partial<Record<Verb, number>> = {}
        const seen = new Set<string>()

        /** Runs the verb so that it dies at its next step, or to its end if it has no such step. */
        const runAndKill = async (verb: Verb): Promise<void> => {
          const step = next[verb]
          next[verb] += 1
          const { exit, stderr } = await reweaveKilledAt(xen.machine, step, [verb, FIX])
          if (exit === 0) {
            whole[verb] = step - 1
            return
          }
          // By turns what was under way is finished, and taken back.
          const finish = step % 2 === 1 ? verb : OTHER[verb]
          const where = `${verb} killed at step ${step}, then ${finish}`
          expect({ where, exit, stderr }).toMatchObject({ where, exit: KILLED })
          const inRam = stateInRam(xen, writes)
          seen.add(inRam)
          const status = await warm.run(['status', FIX])
          const [told] = status.json as StatusJson[]
          expect({ where, exit: status.exit, ...told }).toMatchObject({
            where,
            exit: EXIT_OF[inRam],
            state: inRam,
            journal: {
              goal: GOALS[verb],
              // The last record says that the transaction ended, and the kill came behind it.
              end: step === steps[verb] ? 'completed' : 'not ended: the process was killed',
            },
          })
          const finished = await warm.run([finish, FIX])
          const foreign = xen.differences(untouched, xen.see(), rangesOf(writes))
          expect({ where, ...finished, inRam: stateInRam(xen, writes), foreign }).toMatchObject({
            where,
            exit: 0,
            inRam: GOALS[finish],
            foreign: [],
          })
        }

        try {
          // An interrupted apply needs a machine without the fix, a revert one with it: whatever the
          // last finish left serves the one or the other.
          while (whole.apply === undefined || whole.revert === undefined) {
            const applied = stateInRam(xen, writes) === 'applied'
            const verb: Verb = applied ? 'revert' : 'apply'
            if (whole[verb] === undefined) await runAndKill(verb)
            else await warm.run([verb, FIX])
          }
          await warm.run(['revert', FIX])
        } finally {
          await warm.end()
        }
        expect(whole).toEqual(steps)
        expect([...seen].sort()).toEqual(['applied', 'inconsistent', 'not-applied'])
        expectAsAtStart()
      },
      MOST_MS,
    )
  })
}
