import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { frameStart, type MachineAddress, machineFrame } from '../address/address.ts'
import type { OwnFrame } from '../memory/dma-engine.ts'
import type { Hypervisor } from '../xen/hypervisor.ts'
import { readRunRecord } from './run-record.ts'

// public/memory.h: __HYPERVISOR_memory_op 12.
const MEMORY_OP = 12
const INCREASE_RESERVATION = 0
const DECREASE_RESERVATION = 1
const DOMID_SELF = 0x7ff0
/** `struct xen_memory_reservation` is 32 bytes; the frame list follows it. */
const LIST_OFFSET = 64

/** Xen gave fewer frames than were asked for. */
export class FramesRefused extends Error {
  readonly code = 'frames-refused'
  readonly wanted: number
  readonly granted: number

  constructor(wanted: number, granted: number) {
    super(
      `Cannot get memory for DMA: asked Xen for ${wanted} frames, got ${granted}; ` +
        "leave headroom above Dom0's memory, such as dom0_mem=4G,max:4352M on Xen's command line",
    )
    this.wanted = wanted
    this.granted = granted
  }
}

/**
 * Machine frames that belong to this domain, with their bytes mapped: what devices read and write.
 *
 * They come from Xen on top of Dom0's memory, because Linux tells user space no machine address.
 * A process that is killed leaves its frames allocated, and a device may still be writing to
 * them, so nobody else may get them before that device is reset: each pool is recorded in
 * `recordFolder` (which a reboot empties, as it does the frames), and `reclaimFrames` returns
 * those of dead processes.
 */
export class FramePool {
  readonly frames: readonly (OwnFrame & { readonly address: MachineAddress })[]
  readonly #hypervisor: Hypervisor
  readonly #record: string
  #released = false

  constructor(hypervisor: Hypervisor, count: number, recordFolder: string) {
    this.#hypervisor = hypervisor
    this.#record = path.join(recordFolder, `frames-${process.pid}-${nextPool()}.json`)
    mkdirSync(recordFolder, { recursive: true, mode: 0o700 })
    const numbers = increaseReservation(hypervisor, count)
    try {
      const record: FramesRecord = { pid: process.pid, frames: numbers.map(String) }
      writeFileSync(this.#record, JSON.stringify(record))
    } catch (error) {
      // No device knows them yet.
      rmSync(this.#record, { force: true })
      decreaseReservation(hypervisor, numbers)
      throw error
    }
    const { bytes } = hypervisor.mapFrames(numbers)
    bytes.fill(0)
    this.frames = numbers.map((number, index) => {
      const frame = machineFrame(number)
      const own = bytes.subarray(index * 4096, (index + 1) * 4096)
      return { frame, address: frameStart(frame), bytes: own }
    })
  }

  /** Gives the frames back to Xen. The device that used them must have been stopped before. */
  release(): void {
    if (this.#released) return
    this.#released = true
    // First the record: a crash in between leaks frames, the other order could free them twice.
    rmSync(this.#record, { force: true })
    decreaseReservation(
      this.#hypervisor,
      this.frames.map((own) => own.frame),
    )
  }
}

/**
 * Gives back the frames of processes that are gone.
 *
 * Only for a caller that holds the host's lock and has reset the devices they were used with.
 *
 * @returns how many frames went back
 */
export function reclaimFrames(hypervisor: Hypervisor, recordFolder: string): number {
  let reclaimed = 0
  for (const record of abandonedRecords(recordFolder)) {
    // Frames of a record that was cut stay with this domain until the next boot.
    const { frames = [] } = (readRunRecord(record) ?? {}) as Partial<FramesRecord>
    rmSync(record)
    if (frames.length === 0) continue
    reclaimed += decreaseReservation(hypervisor, frames.map(BigInt))
  }
  return reclaimed
}

/** What stays behind of frames that are taken. */
interface FramesRecord {
  readonly pid: number
  readonly frames: readonly string[]
}

function abandonedRecords(folder: string): string[] {
  let names: string[]
  try {
    names = readdirSync(folder)
  } catch {
    return []
  }
  return names
    .filter((name) => /^frames-\d+-\d+\.json$/.test(name) && !isAlive(Number(name.split('-')[1])))
    .map((name) => path.join(folder, name))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

let pools = 0
function nextPool(): number {
  pools += 1
  return pools
}

function increaseReservation(hypervisor: Hypervisor, count: number): bigint[] {
  const list = reservation(hypervisor, count)
  const granted = hypervisor.call(MEMORY_OP, INCREASE_RESERVATION, list.address)
  const frames = Array.from({ length: Math.max(granted, 0) }, (_, index) =>
    list.view.getBigUint64(LIST_OFFSET + index * 8, true),
  )
  if (granted !== count) {
    if (frames.length > 0) decreaseReservation(hypervisor, frames)
    throw new FramesRefused(count, granted)
  }
  return frames
}

function decreaseReservation(hypervisor: Hypervisor, frames: readonly bigint[]): number {
  const list = reservation(hypervisor, frames.length)
  frames.forEach((frame, index) => list.view.setBigUint64(LIST_OFFSET + index * 8, frame, true))
  return hypervisor.call(MEMORY_OP, DECREASE_RESERVATION, list.address)
}

/** `struct xen_memory_reservation` for `count` single frames of this domain. */
function reservation(hypervisor: Hypervisor, count: number) {
  const buffer = hypervisor.buffer(0, LIST_OFFSET + count * 8)
  buffer.view.setBigUint64(0, buffer.address + BigInt(LIST_OFFSET), true)
  buffer.view.setBigUint64(8, BigInt(count), true)
  buffer.view.setUint16(24, DOMID_SELF, true)
  return buffer
}
