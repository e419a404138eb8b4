/** Machines on which Reweave must not write, and says why. */
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EXIT_CODES } from '../../src/cli/exit-code.ts'
import { type FailureJson, reweave } from './testing/reweave-answer.ts'
import { type XenSnapshot, XenUnderTest } from './testing/xen-under-test.ts'

const APPLY = ['apply', 'xsa-506']

describe('with an IOMMU', () => {
  let xen: XenUnderTest
  let untouched: XenSnapshot

  beforeAll(async () => {
    xen = await XenUnderTest.boot({ iommu: 'intel' })
    untouched = xen.see()
  })
  afterAll(async () => {
    await xen?.machine.stop()
  })

  it.each([
    ['relaxed', '- Dom0 mode: Relaxed', 'true'],
    // Xen's help on its debug keys, until it has pushed the boot out of the console ring.
    [
      'unknown',
      'the boot log holds no "Dom0 mode:" line',
      "while xl dmesg | grep -q 'Dom0 mode'; do xl debug-keys h; sleep 0.2; done",
    ],
  ])('that is %s (%s), nothing is written', async (mode, evidence, prepare) => {
    await xen.machine.run(prepare, { timeoutMs: 300_000 })
    const facts = await xen.locate()
    expect(facts.iommu).toMatchObject({ kind: mode, evidence })
    expect(facts.channels).toContainEqual({
      channel: 'dma',
      works: false,
      why: `the IOMMU mode of Dom0 is ${mode} (${evidence})`,
    })
    for (const args of [APPLY, ['revert', 'xsa-506'], ['status']]) {
      const { exit, json } = await reweave(xen.machine, args)
      expect(exit).toBe(EXIT_CODES.iommu.code)
      expect((json as FailureJson).message).toBe(
        `Cannot reach Xen by DMA: the IOMMU mode of Dom0 is ${mode} (${evidence}), ` +
          'wanted disabled or passthrough; nothing was written',
      )
    }
    expect(xen.differences(untouched, xen.see())).toEqual([])
  })
})

describe('with a device that copies to the wrong addresses', () => {
  let xen: XenUnderTest
  let untouched: XenSnapshot

  beforeAll(async () => {
    // edu drives 12 address bits, so all its DMA goes to frame 0, which nobody uses after boot.
    xen = await XenUnderTest.boot({ engines: ['edu'], eduAddressBits: 12 })
    untouched = xen.see()
  })
  afterAll(async () => {
    await xen?.machine.stop()
  })

  it('the engine fails its self-test and is not pointed at the hypervisor', async () => {
    const { exit, json } = await reweave(xen.machine, APPLY)
    expect(exit).toBe(EXIT_CODES.engineFailed.code)
    expect((json as FailureJson).message).toMatch(
      /^edu 0000:00:\w\w\.0 failed its self-test and was not pointed at the hypervisor: /,
    )
    expect(json).toMatchObject({ refusal: { kind: 'engine-failed-test' } })
    expect(xen.differences(untouched, xen.see())).toEqual([])
  })

  it('nothing is written where there is no device at all', async () => {
    // Linux forgets the device; nothing is left that could serve.
    await xen.machine.run(
      'for d in /sys/bus/pci/devices/*; do grep -q 0x11e8 $d/device && echo 1 > $d/remove; done; true',
    )
    const facts = await xen.locate()
    expect(facts.engines).toEqual([])
    expect(facts.channels).toContainEqual({
      channel: 'dma',
      works: false,
      why: 'no NVMe controller and no edu device',
    })
    const { exit, json } = await reweave(xen.machine, APPLY)
    expect(exit).toBe(EXIT_CODES.noEngine.code)
    expect((json as FailureJson).message).toBe(
      'No DMA engine: wanted any, found none; nothing was written',
    )
    expect(xen.differences(untouched, xen.see())).toEqual([])
  })
})

describe('on a machine without Xen', () => {
  const main = path.resolve(import.meta.dirname, '../../src/cli/main.ts')

  it.each(['inspect', 'apply xsa-506', 'revert xsa-506', 'status', 'probe xsa-506'])(
    "'%s' is refused",
    (command) => {
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [main, ...command.split(' '), '--json'],
        { encoding: 'utf8' },
      )
      expect(status).toBe(EXIT_CODES.notOnXen.code)
      const { error, message } = JSON.parse(stdout) as FailureJson
      expect(error).toBe('notOnXen')
      expect(message).toMatch(/^This machine does not run on Xen \(.*\): run the command in Dom0$/)
      expect(stderr).toContain(`reweave: ${message}\n`)
    },
  )
})
