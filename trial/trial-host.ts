import { readFileSync } from 'node:fs'
import { reweaveInDom0 } from '../lab/dom0-reweave.ts'
import { startGuest } from '../lab/guest.ts'
import { type Machine, startMachine } from '../lab/machine.ts'
import type { LabParts } from '../lab/parts.ts'
import { compareMemory } from '../lab/ram-diff.ts'
import { findTripleFault } from '../lab/triple-fault.ts'
import { type HeartbeatWatch, watchHeartbeats } from '../lab/watch-heartbeats.ts'
import { locationFrom, type SeenSection, seeConstantSections } from '../lab/xen-memory.ts'
import type { ImageLocation } from '../src/image/image-location.ts'
import type { Image } from '../src/image/image.ts'
import { readImage } from '../src/image/read-image.ts'

/** Guests that run throughout, whose hearts tell how long Xen let them wait. */
const WITNESSES = [
  { name: 'witness-pv', type: 'pv' },
  { name: 'witness-pvh', type: 'pvh' },
] as const

/** A booted machine with two guests, on which one hotfix after another is tried. */
export class TrialHost {
  readonly machine: Machine
  readonly hearts: HeartbeatWatch
  readonly witnesses: readonly string[] = WITNESSES.map(({ name }) => name)
  readonly #image: Image
  readonly #location: ImageLocation

  private constructor(
    machine: Machine,
    hearts: HeartbeatWatch,
    image: Image,
    location: ImageLocation,
  ) {
    this.machine = machine
    this.hearts = hearts
    this.#image = image
    this.#location = location
  }

  /** Boots the machine and its guests. The caller stops it. */
  static async start(parts: LabParts, progress: (line: string) => void): Promise<TrialHost> {
    const read = readImage(readFileSync(parts.hypervisor.syms))
    if (read.kind === 'refused') throw new Error(`Cannot read ${parts.hypervisor.syms}`)
    progress('Booting Xen and Dom0 in QEMU')
    const request = { name: `trial-${process.pid}`, engines: ['nvme' as const] }
    const machine = await startMachine(parts, request, { progress })
    try {
      for (const guest of WITNESSES) {
        progress(`Starting a ${guest.type.toUpperCase()} guest`)
        await startGuest(machine, guest)
      }
      const hearts = await watchHeartbeats(
        machine,
        WITNESSES.map(({ name }) => name),
      )
      const facts = (await reweaveInDom0(machine, ['inspect'])) as {
        image: { start: string; byteLength: number }
      }
      return new TrialHost(machine, hearts, read.image, locationFrom(read.image, facts.image))
    } catch (error) {
      await machine.stop()
      throw error
    }
  }

  async stop(): Promise<void> {
    await this.machine.stop()
  }

  /** Xen's code and constants at this moment, as the machine's RAM holds them. */
  see(): readonly SeenSection[] {
    return seeConstantSections(this.machine, this.#image, this.#location)
  }

  /** The triple fault that ended a guest, which the emulator brings about now and then. */
  tripleFault(): string | undefined {
    return findTripleFault(this.machine.consoleLog())
  }
}

/** How many bytes differ between two looks. */
export function bytesDifferent(
  before: readonly SeenSection[],
  after: readonly SeenSection[],
): number {
  return before.reduce((sum, { name, range, bytes }, index) => {
    const later = after[index]
    if (later === undefined) throw new Error(`${name} was not read again`)
    return sum + compareMemory(range.start, bytes, later.bytes, []).changed
  }, 0)
}
