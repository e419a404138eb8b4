import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type SeenSection, locationFrom, seeConstantSections } from '../../../lab/xen-memory.ts'
import type { MachineRequest } from '../../../lab/machine-options.ts'
import { machinePaths } from '../../../lab/machine-paths.ts'
import { type Machine, startMachine } from '../../../lab/machine.ts'
import { sweepStaleMachines } from '../../../lab/machine-registry.ts'
import { prepareLab } from '../../../lab/parts.ts'
import { compareMemory } from '../../../lab/ram-diff.ts'
import type { VirtualAddress } from '../../../src/address/address.ts'
import { type AddressRange, describeRange } from '../../../src/address/address-range.ts'
import { type ImageLocation, toMachine } from '../../../src/image/image-location.ts'
import type { Image } from '../../../src/image/image.ts'
import { readImage } from '../../../src/image/read-image.ts'
import { type HostFactsJson, reweave } from './reweave-answer.ts'

/** In Dom0's shell: the disk of the NVMe controller, once the kernel's driver has found it. */
export const NVME_DISK =
  '$(while ! ls -d /sys/bus/pci/devices/*/nvme/nvme*/nvme*n1 >/dev/null 2>&1; do sleep 0.1; done; ' +
  'basename /sys/bus/pci/devices/*/nvme/nvme*/nvme*n1 | sed s,^,/dev/,)'

/** Xen's code, the padding behind it, and its constants, at one moment. */
export type XenSnapshot = readonly SeenSection[]

/** A booted lab machine whose Xen is looked at from outside, in the file that holds its RAM. */
export class XenUnderTest {
  readonly machine: Machine
  readonly image: Image
  #location: ImageLocation | undefined

  private constructor(machine: Machine, image: Image) {
    this.machine = machine
    this.image = image
  }

  /** Boots a machine of this process; the caller stops it. */
  static async boot(request: Omit<MachineRequest, 'name'>): Promise<XenUnderTest> {
    sweepStaleMachines()
    const parts = await prepareLab({ progress: () => undefined })
    const read = readImage(readFileSync(parts.hypervisor.syms))
    if (read.kind === 'refused') throw new Error(`Cannot read ${parts.hypervisor.syms}`)
    const machine = await startMachine(parts, { ...request, name: `test-${process.pid}` })
    const xen = new XenUnderTest(machine, read.image)
    try {
      await xen.locate()
      return xen
    } catch (error) {
      await machine.stop()
      throw error
    }
  }

  /** Asks where the image lies. To be called anew after each boot. */
  async locate(): Promise<HostFactsJson> {
    const { json, stderr } = await reweave(this.machine, ['inspect'])
    const facts = json as HostFactsJson | undefined
    if (facts?.image === undefined) throw new Error(`'inspect' does not find Xen: ${stderr}`)
    this.#location = locationFrom(this.image, facts.image)
    return facts
  }

  see(): XenSnapshot {
    return seeConstantSections(this.machine, this.image, this.#where())
  }

  bytesAt(range: AddressRange<VirtualAddress>): Uint8Array {
    const { start, byteLength } = toMachine(this.#where(), range)
    return this.machine.readRam(start, byteLength)
  }

  /** Where two snapshots differ outside the ranges that were planned, for people. */
  differences(
    before: XenSnapshot,
    after: XenSnapshot,
    planned: readonly AddressRange<VirtualAddress>[] = [],
  ): readonly string[] {
    const allowed = planned.map((range) => toMachine(this.#where(), range))
    return before.flatMap(({ name, range, bytes }, index) => {
      const later = after[index]
      if (later === undefined) throw new RangeError(`${name} was not read again`)
      const { foreignRuns } = compareMemory(range.start, bytes, later.bytes, allowed)
      return foreignRuns.map((run) => `${name}: ${describeRange(run)}`)
    })
  }

  /** A digest of what the NVMe controller's medium holds, as the host has it. */
  mediumDigest(): string {
    const medium = readFileSync(machinePaths(this.machine.name).namespace)
    return createHash('sha256').update(medium).digest('hex')
  }

  /** Fills the NVMe controller's medium with lines that all differ, `10000000` first. */
  async fillMedium(): Promise<void> {
    const lines = 'seq 10000000 99999999 | head -c 16777216'
    await this.machine.run(`${lines} | dd of=${NVME_DISK} bs=1M iflag=fullblock conv=fsync 2>&1`)
  }

  #where(): ImageLocation {
    if (this.#location === undefined) throw new Error('The image was not located')
    return this.#location
  }
}
