import { alignDown, alignUp, type MachineAddress } from '../address/address.ts'
import { type AddressRange, contains } from '../address/address-range.ts'
import type {
  Extent,
  NotIssuedReason,
  PhysicalMemory,
  ReadOutcome,
  TransferFailure,
  WriteOutcome,
} from './physical-memory.ts'
import type { ProvenEngine } from './prove-engine.ts'
import type { WriteGrant } from './write-grant.ts'

/** Bytes that callers asked for, and bytes that the engine moved for them. */
export interface Traffic {
  readonly bytesRead: number
  readonly bytesWritten: number
  readonly transfers: number
  /** The engine's own count: sectors around a write and bounce copies included, trials not. */
  readonly engineBytes: number
}

/**
 * The only way from a DMA engine to the hypervisor's memory.
 *
 * No transfer leaves the readable ranges or the grant, none is over the engine's limit, and none
 * starts while another runs. A refused call is `not-issued`, and the device saw nothing of it.
 */
// A transfer without completion may end at any later time, so the guard takes it as still
// running, for good: only a new engine, freshly reset and proven, can be trusted again.
export class GuardedMemory implements PhysicalMemory {
  readonly #engine: ProvenEngine
  readonly #readable: readonly AddressRange<MachineAddress>[]
  readonly #engineBytesBefore: number
  #running: Promise<unknown> | undefined
  #lost = false
  #closed = false
  #bytesRead = 0
  #bytesWritten = 0
  #transfers = 0

  constructor(engine: ProvenEngine, readable: readonly AddressRange<MachineAddress>[]) {
    this.#engine = engine
    this.#readable = readable
    this.#engineBytesBefore = engine.bytesMoved
  }

  get traffic(): Traffic {
    return {
      bytesRead: this.#bytesRead,
      bytesWritten: this.#bytesWritten,
      transfers: this.#transfers,
      engineBytes: this.#engine.bytesMoved - this.#engineBytesBefore,
    }
  }

  async read(extents: readonly Extent[]): Promise<readonly ReadOutcome[]> {
    const refusal = this.#refusal()
    if (refusal !== undefined) return extents.map(() => refusal)
    return this.#alone(() => this.#readInOrder(extents))
  }

  async write(grant: WriteGrant, at: MachineAddress, bytes: Uint8Array): Promise<WriteOutcome> {
    const refusal = this.#refusal() ?? this.#refusalOfWrite(grant, at, bytes.length)
    if (refusal !== undefined) return refusal
    if (bytes.length === 0) return { kind: 'accepted' }
    // A copy, so that the caller cannot change the bytes while the device fetches them.
    const copy = bytes.slice()
    return this.#alone(async () => {
      const outcome = await this.#transfer(() => this.#engine.copyTo(at, copy))
      if (outcome.kind === 'accepted') this.#bytesWritten += copy.length
      return outcome
    })
  }

  /**
   * Lets no further transfer start, and returns once none runs: from then on the engine may be
   * released. Safe to call twice.
   */
  async close(): Promise<void> {
    this.#closed = true
    await this.#running?.catch(() => undefined)
  }

  async #readInOrder(extents: readonly Extent[]): Promise<readonly ReadOutcome[]> {
    const outcomes: ReadOutcome[] = []
    for (const extent of extents) {
      const earlier = outcomes.at(-1)
      if (earlier !== undefined && earlier.kind !== 'complete') {
        outcomes.push(notIssued({ kind: 'earlier-extent-failed' }))
      } else {
        outcomes.push(await this.#readExtent(extent))
      }
    }
    return outcomes
  }

  /** In pieces that the engine can carry. */
  async #readExtent(extent: Extent): Promise<ReadOutcome> {
    if (!isWithin(extent, (inner) => this.#readable.some((range) => contains(range, inner)))) {
      return notIssued({ kind: 'outside-granted-ranges', extent })
    }
    const bytes = new Uint8Array(extent.byteLength)
    const limit = this.#engine.limits.maxTransferBytes
    for (let offset = 0; offset < bytes.length; offset += limit) {
      if (this.#closed) return notIssued({ kind: 'closed' })
      const byteLength = Math.min(limit, bytes.length - offset)
      const from = (extent.start + BigInt(offset)) as MachineAddress
      const outcome = await this.#transfer(() => this.#engine.copyFrom(from, byteLength))
      if (outcome.kind !== 'complete') return outcome
      if (outcome.bytes.length !== byteLength) {
        const status = `${outcome.bytes.length} bytes instead of ${byteLength}`
        return { kind: 'device-error', status }
      }
      bytes.set(outcome.bytes, offset)
      this.#bytesRead += byteLength
    }
    return { kind: 'complete', bytes }
  }

  #refusalOfWrite(
    grant: WriteGrant,
    at: MachineAddress,
    byteLength: number,
  ): TransferFailure | undefined {
    const extent = { start: at, byteLength }
    if (!isWithin(extent, (inner) => grant.allows(inner))) {
      return notIssued({ kind: 'outside-granted-ranges', extent })
    }
    const { maxTransferBytes, writeGranuleBytes } = this.#engine.limits
    const sectors = wholeSectors(extent, writeGranuleBytes)
    if (sectors.byteLength > maxTransferBytes) {
      const { byteLength: rounded } = sectors
      return notIssued({
        kind: 'over-engine-limit',
        byteLength: rounded,
        limit: maxTransferBytes,
      })
    }
    if (writeGranuleBytes > 1 && !contains(grant.text, sectors)) {
      return notIssued({ kind: 'sector-leaves-text', extent: sectors })
    }
    return undefined
  }

  #refusal(): TransferFailure | undefined {
    if (this.#closed) return notIssued({ kind: 'closed' })
    if (this.#running !== undefined || this.#lost) {
      return notIssued({ kind: 'another-transfer-runs' })
    }
    return undefined
  }

  async #alone<T>(act: () => Promise<T>): Promise<T> {
    const running = act()
    this.#running = running
    try {
      return await running
    } finally {
      this.#running = undefined
    }
  }

  async #transfer<O extends ReadOutcome | WriteOutcome>(start: () => Promise<O>): Promise<O> {
    this.#transfers += 1
    // Lost until it has answered: an engine that throws leaves the device in an unknown state.
    this.#lost = true
    const outcome = await start()
    this.#lost = outcome.kind === 'no-completion'
    return outcome
  }
}

/** The extent, rounded outwards to the sectors that a write of it replaces. */
function wholeSectors(extent: Extent, granuleBytes: number): Extent {
  const start = alignDown(extent.start, granuleBytes)
  const end = alignUp((extent.start + BigInt(extent.byteLength)) as MachineAddress, granuleBytes)
  return { start, byteLength: Number(end - start) }
}

/** False too for an extent that is no extent: a length that is negative, broken or over the top. */
function isWithin(extent: Extent, allows: (extent: Extent) => boolean): boolean {
  const { start, byteLength } = extent
  if (!Number.isSafeInteger(byteLength) || byteLength < 0) return false
  if (start + BigInt(byteLength) > 0xffff_ffff_ffff_ffffn) return false
  return allows(extent)
}

function notIssued(reason: NotIssuedReason): TransferFailure & { readonly kind: 'not-issued' } {
  return { kind: 'not-issued', reason }
}
