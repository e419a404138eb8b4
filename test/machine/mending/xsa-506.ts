import { expect, it } from 'vitest'
import { readPlan, rangesOf, stateInRam } from '../testing/planned-write.ts'
import type { EngineKind } from '../../../src/device/engines.ts'
import {
  type ChangeJson,
  type ReweaveAnswer,
  reweave,
  reweaveDone,
} from '../testing/reweave-answer.ts'
import type { XenUnderTest } from '../testing/xen-under-test.ts'

const FIX = 'xsa-506'
/** Issue 2: what identifying, applying and verifying XSA-506 may move through NVMe. */
const MOST_DMA_BYTES = 64 * 1024
/** `probe` exits with this while the hole is open. */
const HOLE_OPEN = 20

/** The whole way of the fix, with every command. */
export function testXsa506(on: () => XenUnderTest, expectAsAtStart: () => void): void {
  it('xsa-506 is applied, once, and taken back, and RAM shows the planned bytes and no others', async () => {
    const xen = on()
    const run = (verb: string): Promise<unknown> => reweaveDone(xen.machine, [verb, FIX])
    const probe = (): Promise<ReweaveAnswer> => reweave(xen.machine, ['probe', FIX])
    const untouched = xen.see()
    const writes = await readPlan(xen.machine, FIX)
    expect(await probe()).toMatchObject({ exit: HOLE_OPEN, json: { state: 'open' } })

    const applied = (await run('apply')) as ChangeJson
    expect(applied).toMatchObject({ result: 'applied', written: writes.length })
    expect(applied.engine).toMatch(/^nvme 0000:/)
    expect(applied.dma.bytes).toBeLessThanOrEqual(MOST_DMA_BYTES)
    const mended = xen.see()
    expect(xen.differences(untouched, mended, rangesOf(writes))).toEqual([])
    expect(stateInRam(xen, writes)).toBe('applied')
    expect(await probe()).toMatchObject({ exit: 0, json: { state: 'closed' } })
    expect(await run('status')).toMatchObject([
      {
        state: 'applied',
        journal: { goal: 'applied', end: 'completed' },
        appliedBeforeReboot: false,
      },
    ])

    expect(await run('apply')).toMatchObject({ result: 'already-applied', written: 0 })
    expect(xen.differences(mended, xen.see())).toEqual([])

    const reverted = (await run('revert')) as ChangeJson
    expect(reverted).toMatchObject({ result: 'reverted', written: writes.length })
    expect(reverted.staged).toBeUndefined()
    expect(await probe()).toMatchObject({ exit: HOLE_OPEN, json: { state: 'open' } })
    expectAsAtStart()

    expect(await run('revert')).toMatchObject({ result: 'not-applied', written: 0 })
    expectAsAtStart()
  })
}

/** What differs from engine to engine: the writes themselves. */
export function testXsa506Through(
  engines: readonly EngineKind[],
  on: () => XenUnderTest,
  expectAsAtStart: () => void,
): void {
  it.each(engines)('xsa-506 is applied and taken back through %s', async (engine) => {
    const xen = on()
    const untouched = xen.see()
    const writes = await readPlan(xen.machine, FIX)
    for (const [verb, result] of [
      ['apply', 'applied'],
      ['revert', 'reverted'],
    ] as const) {
      const done = await reweaveDone(xen.machine, [verb, FIX, '--engine', engine])
      expect(done).toMatchObject({ result, written: writes.length })
      expect((done as ChangeJson).engine).toMatch(new RegExp(`^${engine} 0000:`))
      expect(xen.differences(untouched, xen.see(), rangesOf(writes))).toEqual([])
      expect(stateInRam(xen, writes)).toBe(result === 'applied' ? 'applied' : 'not-applied')
    }
    expectAsAtStart()
  })
}
