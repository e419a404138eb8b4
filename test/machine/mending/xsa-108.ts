import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { RemoteMachine } from '../../../lab/remote-machine.ts'
import { reweave, type StatusJson } from '../testing/reweave-answer.ts'
import type { SturdyGuest } from '../testing/sturdy-guest.ts'
import type { XenUnderTest } from '../testing/xen-under-test.ts'

/** APIC version (a control), own page without a register, the next two pages, beyond all. */
const MSRS = ['0x803', '0x840', '0x900', '0xa00', '0xc00'] as const
/** The task of the guest that reads them, for its kernel's command line (lab/dom0/guest-init.sh). */
export const XSA_108_TASK = `lab.task=msr:${MSRS.join(',')}`

const USAGE = 2
const OTHER_BYTES = 8

/** What the guest got for each of `MSRS`, in that order: answered or refused. */
type Answers = readonly ('answered' | 'refused')[]

// The table in docs/fixes/xsa-108.md.
const AS_LINKED: Answers = ['answered', 'refused', 'refused', 'refused', 'refused']
const OPENED: Answers = ['answered', 'answered', 'answered', 'answered', 'refused']
const CLOSED: Answers = ['answered', 'answered', 'refused', 'refused', 'refused']

/** The hole of 2014, opened and closed under a guest with `XSA_108_TASK`, which reads MSRs all the time. */
export function testXsa108(
  on: () => XenUnderTest,
  guest: () => SturdyGuest,
  expectAsAtStart: () => void,
): void {
  describe('xsa-108', () => {
    it('is not opened by accident', async () => {
      const { exit, json } = await reweave(on().machine, ['apply', 'xsa-108-open'])
      expect(exit).toBe(USAGE)
      expect(json).toMatchObject({ message: expect.stringContaining('--lab-only') as string })
      expectAsAtStart()
    })

    it('is opened, closed and taken back in order while a guest reads what it must not', async () => {
      const { machine } = on()
      expect(await answersFrom(machine, guest())).toEqual(AS_LINKED)

      // Nothing to stand on yet.
      const tooEarly = await reweave(machine, ['apply', 'xsa-108'])
      expect(tooEarly.exit).toBe(OTHER_BYTES)
      expect(tooEarly.stderr).toMatch(/xsa-108 stands on xsa-108-open, which is not in memory/)
      expectAsAtStart()

      expect(await reweave(machine, ['apply', 'xsa-108-open', '--lab-only'])).toMatchObject({
        exit: 0,
        json: { result: 'applied', written: 2 },
      })
      expect(await answersFrom(machine, guest())).toEqual(OPENED)

      expect(await reweave(machine, ['apply', 'xsa-108'])).toMatchObject({
        exit: 0,
        json: { result: 'applied', written: 1 },
      })
      expect(await answersFrom(machine, guest())).toEqual(CLOSED)

      const statuses = (await reweave(machine, ['status'])).json as StatusJson[]
      expect(Object.fromEntries(statuses.map(({ fix, state }) => [fix, state]))).toEqual({
        'xsa-108': 'applied',
        'xsa-108-open': 'applied',
        'xsa-506': 'not-applied',
      })

      const mended = on().see()
      const underneath = await reweave(machine, ['revert', 'xsa-108-open'])
      expect(underneath.exit).toBe(OTHER_BYTES)
      expect(underneath.stderr).toMatch(/xsa-108 stands on xsa-108-open: revert it first/)
      expect(on().differences(mended, on().see())).toEqual([])

      for (const fix of ['xsa-108', 'xsa-108-open']) {
        const answer = await reweave(machine, ['revert', fix])
        expect(answer).toMatchObject({ exit: 0, json: { result: 'reverted' } })
      }
      expectAsAtStart()
      expect(await answersFrom(machine, guest())).toEqual(AS_LINKED)
    })
  })
}

/** What the guest gets from now on: the second whole round that it writes. */
// The round that runs now may have begun before the change. A line that a beat or a message of the
// kernel tore apart spoils its round, and the next one is taken.
async function answersFrom(machine: RemoteMachine, guest: SturdyGuest): Promise<Answers> {
  const { log } = guest
  let from = Number(await machine.run(`wc -l < ${log}`)) + 1
  const deadline = Date.now() + 180_000
  for (;;) {
    const { stdout } = await machine.exec(`tail -n +${from} ${log} | grep -a '^msr '`)
    const [, second] = wholeRounds(stdout)
    if (second !== undefined) return second
    if (Date.now() > deadline) throw new Error('The guest reads no MSRs any more')
    if (await guest.ensureRuns()) from = 1
    await sleep(1000)
  }
}

function wholeRounds(log: string): readonly Answers[] {
  const lines = [...log.matchAll(/^msr (0x\w+) (refused|[0-9a-f]{16})\r?$/gm)]
  return lines.flatMap((_, index) => {
    const round = lines.slice(index, index + MSRS.length)
    const isWhole = MSRS.every((number, at) => round[at]?.[1] === number)
    return isWhole ? [round.map(([, , is]) => (is === 'refused' ? 'refused' : 'answered'))] : []
  })
}
