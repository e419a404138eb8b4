import { describe, expect, it } from 'vitest'
import { ENGINE_KINDS } from '../../../src/device/engines.ts'
import type { RemoteMachine } from '../../../lab/remote-machine.ts'
import { KILLED, reweave, reweaveKilledAt } from '../testing/reweave-answer.ts'
import { NVME_DISK, type XenUnderTest } from '../testing/xen-under-test.ts'

interface Claim {
  readonly claim: string
  readonly held: boolean
  readonly found: string
}

/** The conformance suite on every engine, and that the kernel has its disk back afterwards. */
export function testEngines(on: () => XenUnderTest, expectAsAtStart: () => void): void {
  describe('an engine', () => {
    it.each(ENGINE_KINDS)('of kind %s holds every claim of the conformance suite', async (kind) => {
      const { machine } = on()
      const printed = await machine.run(['node', PROGRAM, kind])
      const claims = JSON.parse(printed) as Claim[]
      expect(claims.length).toBeGreaterThan(20)
      expect(claims.filter(({ held }) => !held)).toEqual([])
      await expectDiskInUse(machine)
      expectAsAtStart()
    })

    it('is given back, with the blocks it used, by the command after one that was killed', async () => {
      const { machine } = on()
      const killed = await reweaveKilledAt(machine, 4, ['apply', 'xsa-506'])
      expect(killed.exit).toBe(KILLED)
      expect(await machine.run(DRIVER)).toBe('none\n')
      expect((await reweave(machine, ['revert', 'xsa-506'])).exit).toBe(0)
      await expectDiskInUse(machine)
      expectAsAtStart()
    })

    it('is given back by a command that refuses', async () => {
      const { machine } = on()
      const refused = await reweave(machine, ['apply', 'xsa-108'])
      expect(refused.exit).toBe(8)
      await expectDiskInUse(machine)
      expectAsAtStart()
    })
  })
}

const PROGRAM = '/opt/reweave/programs/engine-conformance.mjs'
const NVME = '/sys/bus/pci/devices/0000:00:04.0'
const DRIVER = `basename "$(readlink ${NVME}/driver || echo none)"`

/** The kernel's own driver has the controller, and reads its disk. */
async function expectDiskInUse(machine: RemoteMachine): Promise<void> {
  expect(await machine.run(DRIVER)).toBe('nvme\n')
  const read = `dd if=${NVME_DISK} bs=512 count=1 iflag=direct 2>/dev/null | head -c 9`
  expect(await machine.run(read)).toBe('10000000\n')
}
