import type { HostFacts, Instant } from '../advisory/host-facts.ts'
import type { DeclaredFacts } from './read-host-facts.ts'

/** One host as the fleet knows it. */
export interface HostEntry {
  /** Never changes and is never reused: the host's UUID where it has one. */
  readonly id: string
  /** What people call it. */
  readonly name: string
  /** Guests can move between the hosts of one pool. */
  readonly pool: string | undefined
  /** Hosts of one zone may fail together. */
  readonly zone: string | undefined
  /** What was seen, with what is declared where nothing was seen. */
  readonly facts: HostFacts
  /** What an operator says of the host, kept for when it is looked at again. */
  readonly declared?: DeclaredFacts | undefined
}

/**
 * The hosts that are known, with what was seen of each.
 *
 * Always partial and out of date: a host that is missing here is not healthy, it is not known.
 * Ids are unique; `collectedAt` is when the last of the hosts was looked at.
 */
export interface Inventory {
  readonly formatVersion: 1
  readonly collectedAt: Instant
  readonly hosts: readonly HostEntry[]
}
