import { alignDown, FRAME_BYTES, type MachineAddress, machineAddress } from '../address/address.ts'
import type { DmaEngine } from '../memory/dma-engine.ts'
import type {
  Extent,
  ReadOutcome,
  TransferFailure,
  WriteOutcome,
} from '../memory/physical-memory.ts'
import type { FramePool } from './frame-pool.ts'
import {
  type BlockTransfer,
  type DataPointer,
  describeStatus,
  flush,
  readBlocks,
  sglSegment,
  writeBlocks,
} from './nvme-command.ts'
import {
  type NvmeController,
  NvmeFailed,
  startController,
  stopController,
} from './nvme-controller.ts'
import type { PciFunction } from './pci-function.ts'
import type { ScratchBlocks } from './scratch-blocks.ts'
import { Registers } from '../xen/libc.ts'

export const NVME_CLASS = 0x010802
/** Queues (4), identify data and bounce (1), SGL (1), padding (1), and three to be tried on. */
export const NVME_FRAMES = 10
const TIMEOUT_MS = 5000
/** A cache may hold more than what was written here, and goes to the medium as a whole. */
const FLUSH_TIMEOUT_MS = 30_000
const SECTOR_BYTES = 512

/**
 * An NVMe controller as a DMA engine.
 *
 * To read memory it writes the bytes to blocks of its medium and reads them back into a frame of
 * ours; to write memory it goes the other way. With byte-granular SGLs a transfer touches exactly
 * the bytes asked for. Without them, whole sectors travel: a write reads the sector first and
 * puts it back changed, which is only right where nobody else writes to it.
 *
 * The blocks it uses are saved before and put back on `release()` (see `ScratchBlocks`).
 */
export class NvmeEngine implements DmaEngine {
  readonly name: string
  readonly limits
  readonly ownFrames
  bytesMoved = 0
  readonly #pci: PciFunction
  readonly #pool: FramePool
  readonly #registers: Registers
  readonly #controller: NvmeController
  readonly #scratch: ScratchBlocks
  readonly #giveBack: () => void
  readonly #bounce
  readonly #sgl
  readonly #padding
  #failed = false
  #released = false

  private constructor(options: NvmeOptions, registers: Registers, controller: NvmeController) {
    const [, , , , bounce, sgl, padding, ...rest] = options.pool.frames
    if (!bounce || !sgl || !padding || rest.length < 2) throw new RangeError('Too few frames')
    this.name = `${options.sectorsOnly ? 'nvme-sectors' : 'nvme'} ${options.pci.address}`
    this.#pci = options.pci
    this.#pool = options.pool
    this.#scratch = options.scratch
    this.#giveBack = options.giveBack
    this.#registers = registers
    this.#controller = controller
    this.#bounce = bounce
    this.#sgl = sgl
    this.#padding = padding
    this.ownFrames = rest
    const bytewise = controller.byteGranularSgls && !options.sectorsOnly
    this.limits = {
      // Whole sectors around the bytes must fit the bounce frame as well.
      maxTransferBytes: bytewise ? FRAME_BYTES : FRAME_BYTES - SECTOR_BYTES,
      writeGranuleBytes: bytewise ? 1 : SECTOR_BYTES,
    } as const
  }

  /** Starts the controller. On failure it is stopped; what was taken is the caller's to give back. */
  static async open(options: NvmeOptions): Promise<NvmeEngine> {
    let registers: Registers | undefined
    try {
      options.pci.enableBusMaster()
      registers = new Registers(options.pci.mapResource(0, 2 * FRAME_BYTES))
      const controller = await startController(registers, options.pool.frames)
      const { blockBytes, blocks } = controller.namespace
      const usable = blockBytes === SECTOR_BYTES || blockBytes === FRAME_BYTES
      if (!usable || blocks < 1024n) {
        throw new NvmeFailed(`Cannot use a namespace of ${blocks} blocks of ${blockBytes} bytes`)
      }
      const engine = new NvmeEngine(options, registers, controller)
      if (engine.limits.writeGranuleBytes !== 1 && blockBytes !== SECTOR_BYTES) {
        throw new NvmeFailed(
          `Without SGLs, blocks of ${blockBytes} bytes are too coarse to write with`,
        )
      }
      await engine.#saveScratch()
      return engine
    } catch (error) {
      if (registers) await stopController(registers).catch(() => undefined)
      throw error
    }
  }

  async copyFrom(address: MachineAddress, byteLength: number): Promise<ReadOutcome> {
    const refused = this.#refuse(byteLength)
    if (refused) return refused
    if (this.limits.writeGranuleBytes === 1) {
      const blocks = this.#blocksFor(byteLength)
      const data = this.#exactly({ start: address, byteLength }, blocks)
      return this.#fetch(data, blocks, 0, byteLength)
    }
    const { data, blocks, skip } = this.#sectorsAround(address, byteLength)
    return this.#fetch(data, blocks, skip, byteLength)
  }

  async copyTo(address: MachineAddress, bytes: Uint8Array): Promise<WriteOutcome> {
    const { byteLength } = bytes
    const refused = this.#refuse(byteLength)
    if (refused) return refused
    if (this.limits.writeGranuleBytes === 1) {
      const blocks = this.#blocksFor(byteLength)
      this.#bounce.bytes.set(bytes)
      const failure =
        (await this.#toMedium(this.#ownPage(), blocks)) ??
        (await this.#toMemory(this.#exactly({ start: address, byteLength }, blocks), blocks))
      return failure ?? { kind: 'accepted' }
    }
    const { data, blocks, skip } = this.#sectorsAround(address, byteLength)
    const around = await this.#fetch(data, blocks, 0, blocks * SECTOR_BYTES)
    if (around.kind !== 'complete') return around
    this.#bounce.bytes.set(around.bytes)
    this.#bounce.bytes.set(bytes, skip)
    const failure =
      (await this.#toMedium(this.#ownPage(), blocks)) ?? (await this.#toMemory(data, blocks))
    return failure ?? { kind: 'accepted' }
  }

  async release(): Promise<void> {
    if (this.#released) return
    try {
      // A controller that stopped answering gets no more commands; its blocks stay recorded.
      if (!this.#failed) await this.#restoreScratch()
    } finally {
      this.#released = true
      await this.#giveUp()
    }
  }

  /** Stops the controller and gives all back, the controller also if it does not stop by itself. */
  async #giveUp(): Promise<void> {
    try {
      await stopController(this.#registers)
    } finally {
      this.#pci.disableBusMaster()
      this.#pool.release()
      this.#giveBack()
    }
  }

  /** Memory → medium → the bounce frame. */
  async #fetch(
    data: DataPointer,
    blocks: number,
    skip: number,
    byteLength: number,
  ): Promise<ReadOutcome> {
    const failure =
      (await this.#toMedium(data, blocks)) ?? (await this.#toMemory(this.#ownPage(), blocks))
    if (failure) return failure
    return { kind: 'complete', bytes: this.#bounce.bytes.slice(skip, skip + byteLength) }
  }

  #toMedium(data: DataPointer, blocks: number): Promise<TransferFailure | undefined> {
    return this.#move(writeBlocks(this.#transfer(data, blocks)), blocks)
  }

  #toMemory(data: DataPointer, blocks: number): Promise<TransferFailure | undefined> {
    return this.#move(readBlocks(this.#transfer(data, blocks)), blocks)
  }

  #move(command: Uint8Array, blocks: number): Promise<TransferFailure | undefined> {
    this.bytesMoved += blocks * this.#controller.namespace.blockBytes
    return this.#run(command, TIMEOUT_MS)
  }

  async #run(command: Uint8Array, timeoutMs: number): Promise<TransferFailure | undefined> {
    const result = await this.#controller.io.run(command, timeoutMs)
    if (result.kind === 'completed' && result.status === 0) return undefined
    if (result.kind === 'completed') {
      return { kind: 'device-error', status: describeStatus(result.status) }
    }
    this.#failed = true
    return { kind: 'no-completion', waitedMs: result.waitedMs }
  }

  #transfer(data: DataPointer, blocks: number): BlockTransfer {
    const { id } = this.#controller.namespace
    return { namespaceId: id, firstBlock: this.#firstBlock(), blocks, data }
  }

  /** Near the end, but before the backup partition table that may lie there. */
  #firstBlock(): bigint {
    return this.#controller.namespace.blocks - 128n
  }

  #blocksFor(byteLength: number): number {
    return Math.ceil(byteLength / this.#controller.namespace.blockBytes)
  }

  #ownPage(): DataPointer {
    return { kind: 'prp', first: this.#bounce.address }
  }

  /** An SGL of exactly the extent; what is left of the last block comes from a frame of ours. */
  #exactly(extent: Extent, blocks: number): DataPointer {
    const rest = blocks * this.#controller.namespace.blockBytes - extent.byteLength
    const extents = [extent]
    if (rest > 0) extents.push({ start: this.#padding.address, byteLength: rest })
    const segment = sglSegment(extents)
    this.#sgl.bytes.set(segment)
    const list = { start: this.#sgl.address, byteLength: segment.byteLength }
    return { kind: 'sgl', list }
  }

  #sectorsAround(
    address: MachineAddress,
    byteLength: number,
  ): { data: DataPointer; blocks: number; skip: number } {
    const first = alignDown(address, SECTOR_BYTES)
    const skip = Number(address - first)
    const blocks = Math.ceil((skip + byteLength) / SECTOR_BYTES)
    const nextPage = alignDown(machineAddress(first + BigInt(FRAME_BYTES)), FRAME_BYTES)
    const crosses = first + BigInt(blocks * SECTOR_BYTES) > nextPage
    const data: DataPointer = { kind: 'prp', first, ...(crosses && { second: nextPage }) }
    return { data, blocks, skip }
  }

  #refuse(byteLength: number): TransferFailure | undefined {
    if (this.#released || this.#failed) return { kind: 'not-issued', reason: { kind: 'closed' } }
    const limit = this.limits.maxTransferBytes
    if (byteLength <= limit) return undefined
    return { kind: 'not-issued', reason: { kind: 'over-engine-limit', byteLength, limit } }
  }

  /** Keeps what the medium holds in the blocks that are about to be used. */
  async #saveScratch(): Promise<void> {
    const { serial } = this.#controller
    // After a crash the blocks hold leftovers; what was saved before it is what belongs there.
    if (this.#scratch.saved(serial)) return
    const blocks = this.#blocksFor(FRAME_BYTES)
    const failure = await this.#toMemory(this.#ownPage(), blocks)
    if (failure) throw new NvmeFailed('Cannot read the blocks to bounce data through')
    this.#scratch.save(serial, this.#bounce.bytes.slice())
  }

  async #restoreScratch(): Promise<void> {
    const { serial } = this.#controller
    const saved = this.#scratch.saved(serial)
    if (!saved) return
    this.#bounce.bytes.set(saved)
    // What was saved goes only when the blocks are durable: until then it is the only copy.
    const failure =
      (await this.#toMedium(this.#ownPage(), this.#blocksFor(FRAME_BYTES))) ??
      (await this.#run(flush(this.#controller.namespace.id), FLUSH_TIMEOUT_MS))
    if (failure) throw new NvmeFailed('Cannot put back the blocks that data was bounced through')
    this.#scratch.clear(serial)
  }
}

export interface NvmeOptions {
  readonly pci: PciFunction
  readonly pool: FramePool
  readonly scratch: ScratchBlocks
  /** Works as if the controller had no SGLs. */
  readonly sectorsOnly: boolean
  /** Hands the function back to the driver it had. */
  readonly giveBack: () => void
}
