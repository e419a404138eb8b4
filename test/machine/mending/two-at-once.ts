import { describe, expect, it } from 'vitest'
import { type FailureJson, reweave } from '../testing/reweave-answer.ts'
import type { XenUnderTest } from '../testing/xen-under-test.ts'

const BUSY = 13

/** Starts an apply and stops it (SIGSTOP) once it has the host's lock; prints its process id. */
const STOPPED_APPLY = `
reweave apply xsa-506 --json >/root/first.json 2>/root/first.err &
first=$!
until grep -q Applying /root/first.err; do kill -0 $first || exit 1; done
kill -STOP $first
echo $first
(wait $first; echo $? >/root/first.exit) >/dev/null 2>&1 &
`

/** Two commands on one host. */
export function testTwoAtOnce(on: () => XenUnderTest, expectAsAtStart: () => void): void {
  describe('two applies at once', () => {
    it('are one apply, and one that says which process is at work', async () => {
      const xen = on()
      const first = (await xen.machine.run(STOPPED_APPLY)).trim()
      const stopped = xen.see()
      const second = await reweave(xen.machine, ['apply', 'xsa-506'])
      expect(second.exit).toBe(BUSY)
      expect((second.json as FailureJson).message).toBe(
        `Another reweave is at work on this host (process ${first}): ` +
          'try again when it is done; nothing was written',
      )
      expect(xen.differences(stopped, xen.see())).toEqual([])

      await xen.machine.run(
        `kill -CONT ${first}; while kill -0 ${first} 2>/dev/null; do sleep 0.1; done`,
      )
      const report = JSON.parse(await xen.machine.run('cat /root/first.json')) as unknown
      expect(report).toMatchObject({ ok: true, result: 'applied' })
      expect((await reweave(xen.machine, ['revert', 'xsa-506'])).exit).toBe(0)
      expectAsAtStart()
    })
  })
}
