import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { Registers } from '../xen/libc.ts'
import { COMMAND_BYTES, type Completion, COMPLETION_BYTES, readCompletion } from './nvme-command.ts'

export const QUEUE_ENTRIES = 16

export type CommandResult =
  | { readonly kind: 'completed'; readonly status: number }
  | { readonly kind: 'timed-out'; readonly waitedMs: number }

/**
 * A submission queue and its completion queue, one page each, used for one command at a time.
 *
 * Completion is polled, because interrupts of the device are off.
 */
export class NvmeQueue {
  readonly #registers: Registers
  readonly #doorbell: number
  readonly #doorbellStride: number
  readonly #submissions: Uint8Array
  readonly #completions: DataView
  #tail = 0
  #head = 0
  #phase = 1
  #nextId = 1

  constructor(options: {
    readonly registers: Registers
    /** 0 is the admin queue. */
    readonly id: number
    readonly doorbellStride: number
    readonly submissions: Uint8Array
    readonly completions: Uint8Array
  }) {
    const { registers, id, doorbellStride, submissions, completions } = options
    this.#registers = registers
    this.#doorbell = 0x1000 + 2 * id * doorbellStride
    this.#doorbellStride = doorbellStride
    this.#submissions = submissions
    this.#completions = new DataView(
      completions.buffer,
      completions.byteOffset,
      completions.byteLength,
    )
  }

  /** Submits one command and waits until the controller has completed it. */
  async run(command: Uint8Array, timeoutMs: number): Promise<CommandResult> {
    const id = this.#nextId
    this.#nextId = (this.#nextId % 0xfffe) + 1
    const entry = this.#submissions.subarray(
      this.#tail * COMMAND_BYTES,
      (this.#tail + 1) * COMMAND_BYTES,
    )
    entry.set(command)
    new DataView(entry.buffer, entry.byteOffset).setUint16(2, id, true)
    this.#tail = (this.#tail + 1) % QUEUE_ENTRIES
    this.#registers.write32(this.#doorbell, this.#tail)

    const start = performance.now()
    for (let polls = 0; ; polls += 1) {
      const completion = this.#take()
      // A completion of an earlier command, one that had timed out, is not this one's.
      if (completion?.commandId === id) return { kind: 'completed', status: completion.status }
      const waitedMs = performance.now() - start
      if (waitedMs > timeoutMs) return { kind: 'timed-out', waitedMs: Math.round(waitedMs) }
      await (polls < 32 ? nextTurn() : sleep(1))
    }
  }

  #take(): Completion | undefined {
    const completion = readCompletion(this.#completions, this.#head * COMPLETION_BYTES)
    if (completion.phase !== this.#phase) return undefined
    this.#head = (this.#head + 1) % QUEUE_ENTRIES
    if (this.#head === 0) this.#phase ^= 1
    this.#registers.write32(this.#doorbell + this.#doorbellStride, this.#head)
    return completion
  }
}
