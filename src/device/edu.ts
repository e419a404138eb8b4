import { setTimeout as sleep } from 'node:timers/promises'
import type { MachineAddress } from '../address/address.ts'
import type { DmaEngine } from '../memory/dma-engine.ts'
import type { ReadOutcome, TransferFailure, WriteOutcome } from '../memory/physical-memory.ts'
import { Registers } from '../xen/libc.ts'
import type { FramePool } from './frame-pool.ts'
import type { PciFunction } from './pci-function.ts'

export const EDU_VENDOR = 0x1234
export const EDU_DEVICE = 0x11e8
/** One to bounce through, and three to be tried on. */
export const EDU_FRAMES = 4

// QEMU docs/specs/edu: BAR0 registers, and the device's own buffer by its own address.
const SOURCE = 0x80
const DESTINATION = 0x88
const COUNT = 0x90
const COMMAND = 0x98
const START = 1n
const TO_MEMORY = 2n
const BUFFER = 0x40000n
/**
 * The buffer holds 4096 bytes, but QEMU 7.2 takes a transfer of all of them for one that leaves
 * it, and ends the machine.
 */
const MAX_TRANSFER_BYTES = 2048
/** Each transfer takes 100 ms of the machine's own time. */
const TIMEOUT_MS = 5000

/**
 * QEMU's educational device as a DMA engine.
 *
 * It copies between memory and a buffer of its own, so a copy is two transfers: in, and out to a
 * frame of ours.
 */
export class EduEngine implements DmaEngine {
  readonly name: string
  readonly limits = { maxTransferBytes: MAX_TRANSFER_BYTES, writeGranuleBytes: 1 } as const
  readonly ownFrames
  bytesMoved = 0
  readonly #pci: PciFunction
  readonly #pool: FramePool
  readonly #registers: Registers
  readonly #bounce
  readonly #giveBack: () => void
  #released = false

  /** `giveBack` hands the function back to the driver it had. */
  constructor(pci: PciFunction, pool: FramePool, giveBack: () => void) {
    const [bounce, ...rest] = pool.frames
    if (bounce === undefined || rest.length < 2) throw new RangeError('edu needs three frames')
    this.name = `edu ${pci.address}`
    this.#pci = pci
    this.#pool = pool
    this.#bounce = bounce
    this.#giveBack = giveBack
    this.ownFrames = rest
    pci.enableBusMaster()
    this.#registers = new Registers(pci.mapResource(0, 4096))
  }

  async copyFrom(address: MachineAddress, byteLength: number): Promise<ReadOutcome> {
    const failure =
      (await this.#transfer(address, BUFFER, byteLength, 0n)) ??
      (await this.#transfer(BUFFER, this.#bounce.address, byteLength, TO_MEMORY))
    return failure ?? { kind: 'complete', bytes: this.#bounce.bytes.slice(0, byteLength) }
  }

  async copyTo(address: MachineAddress, bytes: Uint8Array): Promise<WriteOutcome> {
    this.#bounce.bytes.set(bytes)
    const failure =
      (await this.#transfer(this.#bounce.address, BUFFER, bytes.byteLength, 0n)) ??
      (await this.#transfer(BUFFER, address, bytes.byteLength, TO_MEMORY))
    return failure ?? { kind: 'accepted' }
  }

  async release(): Promise<void> {
    if (this.#released) return
    this.#released = true
    await this.#idle()
    this.#pci.disableBusMaster()
    this.#pool.release()
    this.#giveBack()
  }

  async #transfer(
    from: bigint,
    to: bigint,
    byteLength: number,
    direction: bigint,
  ): Promise<TransferFailure | undefined> {
    if (this.#released) return { kind: 'not-issued', reason: { kind: 'closed' } }
    if (byteLength > MAX_TRANSFER_BYTES) {
      const limit = MAX_TRANSFER_BYTES
      return { kind: 'not-issued', reason: { kind: 'over-engine-limit', byteLength, limit } }
    }
    this.#registers.write64(SOURCE, from)
    this.#registers.write64(DESTINATION, to)
    this.#registers.write64(COUNT, BigInt(byteLength))
    this.#registers.write64(COMMAND, START | direction)
    this.bytesMoved += byteLength
    if (!(await this.#idle())) return { kind: 'no-completion', waitedMs: TIMEOUT_MS }
    return undefined
  }

  /** Waits until no transfer runs. */
  async #idle(): Promise<boolean> {
    const deadline = performance.now() + TIMEOUT_MS
    while ((this.#registers.read32(COMMAND) & 1) !== 0) {
      if (performance.now() > deadline) return false
      await sleep(2)
    }
    return true
  }
}
