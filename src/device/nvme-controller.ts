import { setTimeout as sleep } from 'node:timers/promises'
import { FRAME_BYTES } from '../address/address.ts'
import type { Registers } from '../xen/libc.ts'
import type { FramePool } from './frame-pool.ts'
import {
  createCompletionQueue,
  createSubmissionQueue,
  describeStatus,
  identify,
} from './nvme-command.ts'
import { NvmeQueue, QUEUE_ENTRIES } from './nvme-queue.ts'

// NVM Express Base Specification 1.4, 3.1: controller registers.
const CAP = 0x00
const CC = 0x14
const CSTS = 0x1c
const AQA = 0x24
const ASQ = 0x28
const ACQ = 0x30
const CC_ENABLE = 1
/** I/O completion entries of 2^4 bytes, submission entries of 2^6. */
const CC_ENTRY_SIZES = (4 << 20) | (6 << 16)
const CSTS_READY = 1
const CSTS_FATAL = 2
const COMMAND_TIMEOUT_MS = 5000

/** The controller did not do what the specification asks of every controller. */
export class NvmeFailed extends Error {
  readonly code = 'nvme-failed'
}

/** What the namespace used for bouncing is like. */
export interface NvmeNamespace {
  readonly id: number
  readonly blocks: bigint
  readonly blockBytes: number
}

/** A running controller with one I/O queue pair, and what it said of itself. */
export interface NvmeController {
  readonly io: NvmeQueue
  readonly model: string
  readonly serial: string
  /** SGLs whose addresses and lengths may be any number of bytes. */
  readonly byteGranularSgls: boolean
  readonly namespace: NvmeNamespace
}

/**
 * Resets and starts a controller with queues in `frames` (five: admin submission and completion,
 * I/O submission and completion, and one for identify data).
 */
export async function startController(
  registers: Registers,
  frames: FramePool['frames'],
): Promise<NvmeController> {
  const [adminSq, adminCq, ioSq, ioCq, data] = frames
  if (!adminSq || !adminCq || !ioSq || !ioCq || !data) {
    throw new RangeError('A controller needs five frames')
  }
  const capabilities = registers.read64(CAP)
  if (((capabilities >> 48n) & 0xfn) !== 0n) {
    throw new NvmeFailed(`The controller's smallest page is larger than ${FRAME_BYTES} bytes`)
  }
  await stopController(registers)
  registers.write32(AQA, ((QUEUE_ENTRIES - 1) << 16) | (QUEUE_ENTRIES - 1))
  registers.write64(ASQ, adminSq.address)
  registers.write64(ACQ, adminCq.address)
  registers.write32(CC, CC_ENTRY_SIZES | CC_ENABLE)
  await ready(registers, true)

  const doorbellStride = 4 << Number((capabilities >> 32n) & 0xfn)
  const admin = new NvmeQueue({
    registers,
    id: 0,
    doorbellStride,
    submissions: adminSq.bytes,
    completions: adminCq.bytes,
  })
  const io = new NvmeQueue({
    registers,
    id: 1,
    doorbellStride,
    submissions: ioSq.bytes,
    completions: ioCq.bytes,
  })
  const page = new DataView(data.bytes.buffer, data.bytes.byteOffset, FRAME_BYTES)

  await must(admin, 'identify controller', identify(1, 0, data.address))
  const model = text(data.bytes, 24, 40)
  const serial = text(data.bytes, 4, 20)
  // SGLS, bits 1:0: 1 is supported without alignment or granularity, 2 only in dwords.
  const byteGranularSgls = (page.getUint32(536, true) & 3) === 1
  await must(admin, 'list namespaces', identify(2, 0, data.address))
  const id = page.getUint32(0, true)
  if (id === 0) throw new NvmeFailed('The controller has no active namespace')
  await must(admin, 'identify namespace', identify(0, id, data.address))
  const namespace = readNamespace(page, id)
  await must(admin, 'create completion queue', createCompletionQueue(QUEUE_ENTRIES, ioCq.address))
  await must(admin, 'create submission queue', createSubmissionQueue(QUEUE_ENTRIES, ioSq.address))
  return { io, model, serial, byteGranularSgls, namespace }
}

/** Stops the controller: when this returns it moves no more data. */
export async function stopController(registers: Registers): Promise<void> {
  registers.write32(CC, registers.read32(CC) & ~CC_ENABLE)
  await ready(registers, false)
}

async function ready(registers: Registers, wanted: boolean): Promise<void> {
  // CAP.TO: the controller's own worst case, in units of 500 ms.
  const timeoutMs = 500 * Math.max(1, Number((registers.read64(CAP) >> 24n) & 0xffn)) + 500
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const status = registers.read32(CSTS)
    if (wanted && (status & CSTS_FATAL) !== 0) {
      throw new NvmeFailed('The controller reports a fatal status')
    }
    if (((status & CSTS_READY) !== 0) === wanted) return
    if (performance.now() > deadline) {
      throw new NvmeFailed(`The controller did not ${wanted ? 'start' : 'stop'} in ${timeoutMs} ms`)
    }
    await sleep(1)
  }
}

async function must(queue: NvmeQueue, what: string, command: Uint8Array): Promise<void> {
  const result = await queue.run(command, COMMAND_TIMEOUT_MS)
  if (result.kind === 'timed-out') {
    throw new NvmeFailed(`Cannot ${what}: no completion in ${result.waitedMs} ms`)
  }
  if (result.status !== 0) throw new NvmeFailed(`Cannot ${what}: ${describeStatus(result.status)}`)
}

function readNamespace(page: DataView, id: number): NvmeNamespace {
  const format = page.getUint8(26) & 0xf
  const lbaFormat = page.getUint32(128 + 4 * format, true)
  if ((lbaFormat & 0xffff) !== 0) {
    throw new NvmeFailed(`Namespace ${id} carries metadata with each block`)
  }
  const blockBytes = 2 ** ((lbaFormat >> 16) & 0xff)
  return { id, blocks: page.getBigUint64(0, true), blockBytes }
}

function text(bytes: Uint8Array, offset: number, byteLength: number): string {
  return new TextDecoder('latin1').decode(bytes.subarray(offset, offset + byteLength)).trim()
}
