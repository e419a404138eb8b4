import {
  advance,
  alignDown,
  alignUp,
  distance,
  FRAME_BYTES,
  frameStart,
  machineFrame,
  type MachineAddress,
  type MachineFrame,
} from '../../address/address.ts'
import type { DmaEngine, EngineLimits, OwnFrame } from '../dma-engine.ts'
import type { ReadOutcome, WriteOutcome } from '../physical-memory.ts'
import type { SimRam } from './sim-ram.ts'

/** One transfer as the simulated device saw it, with the bytes that a write carried. */
export interface SimTransfer {
  readonly direction: 'to' | 'from'
  readonly address: MachineAddress
  readonly byteLength: number
}

/** Where a fault can be put into a simulated engine; each is asked before the transfer. */
export interface SimEngineFaults {
  /** Replaces the whole write. */
  readonly copyTo?: (address: MachineAddress, bytes: Uint8Array) => WriteOutcome | 'do-it'
  /** Replaces the whole read. */
  readonly copyFrom?: (address: MachineAddress, byteLength: number) => ReadOutcome | 'do-it'
}

/** The frames that a simulated engine owns unless told otherwise. */
const OWN_FRAMES = [machineFrame(0x777n), machineFrame(0x778n), machineFrame(0x77cn)]

/**
 * A DMA engine over simulated memory. Above its limit it throws, as QEMU's `edu` ends the machine.
 */
export class SimEngine implements DmaEngine {
  readonly name = 'sim 0000:00:00.0'
  readonly limits: EngineLimits
  readonly ownFrames: readonly OwnFrame[]
  readonly transfers: SimTransfer[] = []
  bytesMoved = 0
  released = false
  readonly #ram: SimRam
  readonly #faults: SimEngineFaults
  #busy = false

  constructor(
    ram: SimRam,
    limits: EngineLimits,
    faults: SimEngineFaults = {},
    ownFrames: readonly MachineFrame[] = OWN_FRAMES,
  ) {
    this.#ram = ram
    this.limits = limits
    this.#faults = faults
    this.ownFrames = ownFrames.map((frame) => ({
      frame,
      bytes: ram.view(frameStart(frame), FRAME_BYTES),
    }))
  }

  async copyFrom(address: MachineAddress, byteLength: number): Promise<ReadOutcome> {
    return this.#one({ direction: 'from', address, byteLength }, () => {
      const faulty = this.#faults.copyFrom?.(address, byteLength) ?? 'do-it'
      if (faulty !== 'do-it') return faulty
      return { kind: 'complete', bytes: this.#ram.read(address, byteLength) }
    })
  }

  async copyTo(address: MachineAddress, bytes: Uint8Array): Promise<WriteOutcome> {
    return this.#one({ direction: 'to', address, byteLength: bytes.length }, () => {
      const faulty = this.#faults.copyTo?.(address, bytes) ?? 'do-it'
      if (faulty !== 'do-it') return faulty
      const granule = this.limits.writeGranuleBytes
      const start = alignDown(address, granule)
      const end = alignUp(advance(address, bytes.length), granule)
      const sectors = this.#ram.read(start, distance(start, end))
      sectors.set(bytes, distance(start, address))
      this.#ram.write(start, sectors)
      return { kind: 'accepted' }
    })
  }

  async release(): Promise<void> {
    this.released = true
  }

  async #one<O>(transfer: SimTransfer, act: () => O): Promise<O> {
    if (this.#busy) throw new Error('Two transfers at once in the simulated engine')
    if (transfer.byteLength > this.limits.maxTransferBytes) {
      throw new Error(`The simulated machine died of a transfer of ${transfer.byteLength} bytes`)
    }
    this.#busy = true
    this.transfers.push(transfer)
    this.bytesMoved += transfer.byteLength
    // Gives way once, so that a second caller meets a transfer that is under way.
    await Promise.resolve()
    try {
      return act()
    } finally {
      this.#busy = false
    }
  }
}
