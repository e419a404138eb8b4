import type { BuildId } from '../image/build-id.ts'
import type { Component } from '../advisory/advisory.ts'

/** How a hole can be closed on one host. The first two are hot: nothing restarts. */
export const WAYS = ['livepatch', 'dma', 'migrate-and-reboot', 'cold-reboot'] as const
export type WayName = (typeof WAYS)[number]
export type HotWay = 'livepatch' | 'dma'

/** Why a way is shut on a host, or not known to be open. */
export type ShutReason =
  /** The hole is not in the hypervisor, so that its memory cannot close it. */
  | { readonly kind: 'not-in-hypervisor'; readonly component: Component }
  | { readonly kind: 'no-build'; readonly buildId: BuildId }
  /** There is a fix, and it cannot be made or used for this build. */
  | {
      readonly kind: 'payload-refused'
      readonly fix: string
      readonly buildId: BuildId
      readonly why: string
    }
  | { readonly kind: 'no-livepatch-config' }
  | { readonly kind: 'iommu'; readonly mode: 'relaxed' | 'strict' }
  | { readonly kind: 'no-engine'; readonly why: string }
  | { readonly kind: 'channel-shut'; readonly channel: HotWay; readonly why: string }
  | { readonly kind: 'migration-impossible'; readonly why: string }
  | { readonly kind: 'alone-in-pool'; readonly pool: string | undefined }
  | { readonly kind: 'guest-pinned'; readonly guest: string; readonly why: string }
  /** No version with the fix is known that the host could boot. */
  | { readonly kind: 'no-fixed-version' }
  | {
      readonly kind: 'not-known'
      readonly fact: 'buildId' | 'channels' | 'migration' | 'pinnedGuests'
    }

/** One way on one host. */
export interface Way {
  readonly way: WayName
  /** Open where there is no reason against it. Reasons of kind `not-known` alone leave it unknown. */
  readonly open: 'yes' | 'no' | 'unknown'
  readonly reasons: readonly ShutReason[]
  /** Minutes of outage, summed over the host's guests. Undefined where their number is not known. */
  readonly guestMinutes: number | undefined
}

export function describeReason(reason: ShutReason): string {
  switch (reason.kind) {
    case 'not-in-hypervisor':
      return `the hole is in the ${reason.component.replace('-', ' ')}, not in the hypervisor`
    case 'no-build':
      return `no fix for the build ${reason.buildId.slice(0, 8)}`
    case 'payload-refused':
      return `${reason.fix} is refused for ${reason.buildId.slice(0, 8)}: ${reason.why}`
    case 'no-livepatch-config':
      return 'Xen was built without CONFIG_LIVEPATCH'
    case 'iommu':
      return `the IOMMU confines Dom0's devices (mode ${reason.mode})`
    case 'no-engine':
      return `no DMA engine is free: ${reason.why}`
    case 'channel-shut':
      return reason.why
    case 'migration-impossible':
      return `guests cannot be moved away: ${reason.why}`
    case 'alone-in-pool':
      return reason.pool === undefined
        ? 'the host is in no pool'
        : `the pool ${reason.pool} has no other host`
    case 'guest-pinned':
      return `the guest ${reason.guest} is pinned: ${reason.why}`
    case 'no-fixed-version':
      return 'no version with the fix is known'
    case 'not-known':
      return `not known: ${reason.fact}`
  }
}

/** What would take a reason away, in words that begin a sentence on how many hosts it covers. */
export function describeRemedy(reason: ShutReason): string {
  switch (reason.kind) {
    case 'no-build':
      return `adding one build for ${reason.buildId.slice(0, 8)}`
    case 'payload-refused':
      return `making ${reason.fix} fit ${reason.buildId.slice(0, 8)}`
    case 'no-livepatch-config':
      return 'a Xen with CONFIG_LIVEPATCH'
    case 'iommu':
      return `a way past the IOMMU in ${reason.mode} mode`
    case 'no-engine':
      return 'freeing a DMA engine'
    case 'channel-shut':
      return `opening the ${reason.channel} channel (${reason.why})`
    case 'not-known':
      return `learning ${reason.fact}`
    case 'not-in-hypervisor':
    case 'migration-impossible':
    case 'alone-in-pool':
    case 'guest-pinned':
    case 'no-fixed-version':
      return `other means, as ${describeReason(reason)},`
  }
}
