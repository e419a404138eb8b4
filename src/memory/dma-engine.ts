import type { MachineAddress, MachineFrame } from '../address/address.ts'
import type { ReadOutcome, WriteOutcome } from './physical-memory.ts'

/** What one engine can do in one transfer. */
export interface EngineLimits {
  /** The most bytes one transfer may carry. Some devices take the machine down above theirs. */
  readonly maxTransferBytes: number
  /**
   * The smallest aligned unit a write replaces. With 1 a write changes exactly its bytes; with
   * 512 the engine reads the whole sector, changes it and writes it back.
   */
  readonly writeGranuleBytes: 1 | 512
}

/** A frame that belongs to the engine's user: the CPU sees its bytes, the device its address. */
export interface OwnFrame {
  readonly frame: MachineFrame
  readonly bytes: Uint8Array
}

/**
 * A device that copies between machine memory and this process.
 *
 * One transfer at a time. The engine checks nothing about addresses; `GuardedMemory` does, and is
 * the only way from here to the hypervisor.
 */
export interface DmaEngine {
  /** Kind and PCI address, such as `nvme 0000:00:05.0`. */
  readonly name: string
  readonly limits: EngineLimits
  /** Bytes moved by DMA since the engine was opened, in both directions, bounce copies included. */
  readonly bytesMoved: number
  /** Frames outside the hypervisor on which the engine can be tried, at least two. */
  readonly ownFrames: readonly OwnFrame[]
  copyFrom(address: MachineAddress, byteLength: number): Promise<ReadOutcome>
  copyTo(address: MachineAddress, bytes: Uint8Array): Promise<WriteOutcome>
  /** Stops the device and gives it back to the driver it had. Safe to call twice. */
  release(): Promise<void>
}
