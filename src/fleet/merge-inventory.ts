import type { Instant } from '../advisory/host-facts.ts'
import { declareFacts } from './declare-facts.ts'
import type { HostEntry, Inventory } from './inventory.ts'

/** What became of one host that was put in. */
export type Merged =
  | { readonly kind: 'added' | 'updated'; readonly id: string; readonly name: string }
  /** What is known already was seen later, and stays. */
  | {
      readonly kind: 'older'
      readonly id: string
      readonly name: string
      readonly seenAt: Instant
      readonly known: Instant
    }

export const EMPTY_INVENTORY: Inventory = {
  formatVersion: 1,
  collectedAt: '1970-01-01T00:00:00.000Z',
  hosts: [],
}

/**
 * Puts hosts into the inventory, by id; the rest of it stays as it is.
 *
 * The later look wins. What an operator declared outlives a look that brings no declaration, as do
 * the pool and the zone. Hosts come out by name, so that equal inventories are equal files.
 */
export function mergeInventory(
  inventory: Inventory,
  entries: readonly HostEntry[],
): { readonly inventory: Inventory; readonly merged: readonly Merged[] } {
  const hosts = new Map(inventory.hosts.map((host) => [host.id, host]))
  const merged = entries.map((entry): Merged => {
    const { id, name } = entry
    const before = hosts.get(id)
    if (before !== undefined && before.facts.seenAt > entry.facts.seenAt) {
      return { kind: 'older', id, name, seenAt: entry.facts.seenAt, known: before.facts.seenAt }
    }
    hosts.set(id, joined(before, entry))
    return { kind: before === undefined ? 'added' : 'updated', id, name }
  })
  const sorted = [...hosts.values()].sort(byName)
  const last = sorted.map(({ facts }) => facts.seenAt).reduce(later, EMPTY_INVENTORY.collectedAt)
  return { inventory: { formatVersion: 1, collectedAt: last, hosts: sorted }, merged }
}

function joined(before: HostEntry | undefined, entry: HostEntry): HostEntry {
  const declared = entry.declared ?? before?.declared
  return {
    ...entry,
    pool: entry.pool ?? before?.pool,
    zone: entry.zone ?? before?.zone,
    facts: declared === undefined ? entry.facts : declareFacts(entry.facts, declared),
    ...(declared === undefined ? {} : { declared }),
  }
}

function later(a: Instant, b: Instant): Instant {
  return a > b ? a : b
}

function byName(a: HostEntry, b: HostEntry): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1
  return a.id < b.id ? -1 : 1
}
