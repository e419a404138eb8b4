import { contains } from '../../address/address-range.ts'
import type { MachineAddress } from '../../address/address.ts'
import type {
  Extent,
  PhysicalMemory,
  ReadOutcome,
  TransferFailure,
  WriteOutcome,
} from '../../memory/physical-memory.ts'
import type { SimRam } from '../../memory/testing/sim-ram.ts'
import type { WriteGrant } from '../../memory/write-grant.ts'

/** Something that happened to simulated memory. Reads and writes that were refused leave none. */
export type MemoryEvent =
  | { readonly kind: 'read'; readonly extent: Extent }
  | { readonly kind: 'write'; readonly extent: Extent; readonly bytes: Uint8Array }

/** A machine's memory in which each write is one instant, with a log of all that happened to it. */
export class SimMemory implements PhysicalMemory {
  readonly ram: SimRam
  readonly #log: (event: MemoryEvent) => void

  constructor(ram: SimRam, log: (event: MemoryEvent) => void) {
    this.ram = ram
    this.#log = log
  }

  async read(extents: readonly Extent[]): Promise<readonly ReadOutcome[]> {
    return extents.map((extent) => {
      if (!contains(this.ram.range, extent)) return outside(extent)
      this.#log({ kind: 'read', extent })
      return { kind: 'complete', bytes: this.ram.read(extent.start, extent.byteLength) }
    })
  }

  async write(grant: WriteGrant, at: MachineAddress, bytes: Uint8Array): Promise<WriteOutcome> {
    const extent = { start: at, byteLength: bytes.length }
    if (!grant.allows(extent)) return outside(extent)
    this.ram.write(at, bytes)
    this.#log({ kind: 'write', extent, bytes: bytes.slice() })
    return { kind: 'accepted' }
  }
}

function outside(extent: Extent): TransferFailure {
  return { kind: 'not-issued', reason: { kind: 'outside-granted-ranges', extent } }
}
