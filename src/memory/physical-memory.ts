import type { MachineAddress } from '../address/address.ts'
import type { AddressRange } from '../address/address-range.ts'
import type { WriteGrant } from './write-grant.ts'

/** A run of machine memory, as one transfer names it. */
export type Extent = AddressRange<MachineAddress>

/** Why a transfer never left this process. */
export type NotIssuedReason =
  | { readonly kind: 'outside-granted-ranges'; readonly extent: Extent }
  | { readonly kind: 'over-engine-limit'; readonly byteLength: number; readonly limit: number }
  | { readonly kind: 'another-transfer-runs' }
  | { readonly kind: 'sector-leaves-text'; readonly extent: Extent }
  | { readonly kind: 'earlier-extent-failed' }
  | { readonly kind: 'closed' }

/**
 * What became of one extent of a read.
 *
 * A read has no outcome as a whole: a caller that needs every byte must look at every outcome.
 * `not-issued` means that no request reached a device; `no-completion` says only that no answer
 * came in time.
 */
export type ReadOutcome =
  | { readonly kind: 'complete'; readonly bytes: Uint8Array }
  | TransferFailure

/**
 * What became of a write. `accepted` means that the device reported completion, not that the
 * bytes are in memory: the only evidence of a write is a later read.
 */
export type WriteOutcome = { readonly kind: 'accepted' } | TransferFailure

/** The ways in which both directions fail. */
export type TransferFailure =
  | { readonly kind: 'no-completion'; readonly waitedMs: number }
  | { readonly kind: 'device-error'; readonly status: string }
  | { readonly kind: 'not-issued'; readonly reason: NotIssuedReason }

/**
 * A machine's physical memory, as its readers and writers see it.
 *
 * How the bytes travel is the business of `device/`. Extents are handled in order; after one
 * fails, the rest are `not-issued`.
 */
export interface PhysicalMemory {
  read(extents: readonly Extent[]): Promise<readonly ReadOutcome[]>
  write(grant: WriteGrant, at: MachineAddress, bytes: Uint8Array): Promise<WriteOutcome>
}
