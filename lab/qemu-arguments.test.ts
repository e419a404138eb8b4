import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type MachineRequest, machineOptionsSchema } from './machine-options.ts'
import { qemuArguments } from './qemu-arguments.ts'
import { tinyParts } from './testing/tiny-machine.ts'

const directory = mkdtempSync(path.join(os.tmpdir(), 'qemu-arguments-'))
afterAll(() => rmSync(directory, { recursive: true }))

const files = {
  disk: '/m/a,b/dom0.qcow2',
  namespace: '/m/nvme.raw',
  ramFile: '/m/ram',
  console: '/m/console.log',
  qmpSocket: '/s/qmp',
  kernel: '/s/vmlinuz',
  initrd: '/s/initrd',
}

function argumentsFor(request: Partial<MachineRequest>): readonly string[] {
  const options = machineOptionsSchema.parse({ name: 'm', ...request })
  return qemuArguments(tinyParts(directory), options, files)
}

/** The values of an option that may stand several times. */
function valuesOf(option: string, args: readonly string[]): readonly string[] {
  return args.filter((_, index) => args[index - 1] === option)
}

describe('qemuArguments()', () => {
  it('keeps the network to the loopback of this host', () => {
    expect(valuesOf('-netdev', argumentsFor({}))).toEqual([
      'user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:0-:22',
    ])
  })

  it('lets no machine write to a shared file', () => {
    const drives = valuesOf('-drive', argumentsFor({}))
    const kit = drives.find((drive) => drive.includes('id=kit'))
    expect(kit).toContain('readonly=on')
    expect(drives.some((drive) => drive.includes('disk.img'))).toBe(false)
  })

  it('has the devices that were asked for, and no other', () => {
    const devices = (engines: MachineRequest['engines']): readonly string[] =>
      valuesOf('-device', argumentsFor(engines === undefined ? {} : { engines })).filter((device) =>
        /^(?:nvme|edu)/.test(device),
      )
    expect(devices(undefined)).toHaveLength(2)
    expect(devices(['edu'])).toEqual(['edu,dma_mask=0xffffffffffffffff'])
    expect(devices([])).toEqual([])
  })

  it('gives edu as many address bits as were asked for', () => {
    const args = argumentsFor({ engines: ['edu'], eduAddressBits: 12 })
    expect(valuesOf('-device', args)).toContain('edu,dma_mask=0xfff')
  })

  it.each([
    ['intel', 'intel-iommu'],
    ['amd', 'amd-iommu'],
  ] as const)('gives an %s IOMMU to a q35 machine', (iommu, device) => {
    const args = argumentsFor({ iommu })
    expect(valuesOf('-machine', args)[0]).toMatch(/^q35,/)
    expect(valuesOf('-device', args)).toContain(device)
  })

  it('puts options that are added behind the others, so that they are the stronger ones', () => {
    const args = argumentsFor({ xenOptions: ['iommu=0'], dom0Options: ['quiet'] })
    expect(valuesOf('-append', args)[0]).toMatch(/ noreboot iommu=0$/)
    expect(valuesOf('-initrd', args)).toEqual(['/s/vmlinuz  quiet,/s/initrd'])
  })

  it('doubles the commas of a path', () => {
    expect(valuesOf('-drive', argumentsFor({}))[0]).toContain('file=/m/a,,b/dom0.qcow2,')
  })
})
