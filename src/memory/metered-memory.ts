import type { MachineAddress } from '../address/address.ts'
import type { GuardedMemory } from './guarded-memory.ts'
import type { Extent, PhysicalMemory, ReadOutcome, WriteOutcome } from './physical-memory.ts'
import type { WriteGrant } from './write-grant.ts'

/** What a part of the work cost: bytes that the engine moved, and time until it had. */
export interface Cost {
  readonly bytes: number
  readonly seconds: number
}

/**
 * The cost of finding out what is there, of writing, and of reading back what was written.
 *
 * All reads before the first write count as identifying, all later ones as verifying.
 */
export interface CostByPart {
  readonly identify: Cost
  readonly write: Cost
  readonly verify: Cost
}

/** A guarded memory that counts what its use costs, in whole sectors and bounce copies. */
export class MeteredMemory implements PhysicalMemory {
  readonly #memory: GuardedMemory
  readonly #now: () => number
  readonly #cost = {
    identify: { bytes: 0, seconds: 0 },
    write: { bytes: 0, seconds: 0 },
    verify: { bytes: 0, seconds: 0 },
  }
  #written = false

  /** `now` gives milliseconds that never run back. */
  constructor(memory: GuardedMemory, now: () => number) {
    this.#memory = memory
    this.#now = now
  }

  get cost(): CostByPart {
    return copyCost(this.#cost)
  }

  /** Transfers given to the device. */
  get transfers(): number {
    return this.#memory.traffic.transfers
  }

  read(extents: readonly Extent[]): Promise<readonly ReadOutcome[]> {
    const part = this.#written ? 'verify' : 'identify'
    return this.#metered(part, () => this.#memory.read(extents))
  }

  write(grant: WriteGrant, at: MachineAddress, bytes: Uint8Array): Promise<WriteOutcome> {
    this.#written = true
    return this.#metered('write', () => this.#memory.write(grant, at, bytes))
  }

  async #metered<T>(part: keyof CostByPart, act: () => Promise<T>): Promise<T> {
    const bytes = this.#memory.traffic.engineBytes
    const start = this.#now()
    try {
      return await act()
    } finally {
      const cost = this.#cost[part]
      cost.bytes += this.#memory.traffic.engineBytes - bytes
      cost.seconds += (this.#now() - start) / 1000
    }
  }
}

function copyCost({ identify, write, verify }: CostByPart): CostByPart {
  return { identify: { ...identify }, write: { ...write }, verify: { ...verify } }
}
