import type { HostFacts } from '../advisory/host-facts.ts'
import type { HostEntry } from './inventory.ts'
import {
  type InventoryProblem,
  isRecord,
  readDeclaredFacts,
  readHostFacts,
} from './read-host-facts.ts'

/** What a file of hosts came to. What is good of it stands beside the problems. */
export type InventoryRead =
  | {
      readonly kind: 'hosts'
      readonly hosts: readonly HostEntry[]
      readonly problems: readonly InventoryProblem[]
    }
  /** The look at one host, which does not say what the host is called. */
  | {
      readonly kind: 'facts'
      readonly facts: HostFacts
      readonly problems: readonly InventoryProblem[]
    }
  | { readonly kind: 'refused'; readonly problems: readonly InventoryProblem[] }

/**
 * Reads an inventory, or the output of `reweave inspect --json`, from JSON. Never throws.
 *
 * A host that is wrong as a whole is one problem, and the others go in. Of two hosts with one id
 * the later look counts, and the other one is a problem.
 */
export function readInventory(json: unknown): InventoryRead {
  if (!isRecord(json)) return refused('', 'An inventory is a JSON object')
  if (Array.isArray(json['hosts'])) return readHosts(json)
  // `inspect --json` has the facts under a name of their own; what surrounds them is for people.
  const look = isRecord(json['facts']) ? json['facts'] : json
  if (!('seenAt' in look)) {
    return refused('', 'This is neither an inventory nor the output of reweave inspect --json')
  }
  const { facts, problems } = readHostFacts(look)
  return facts === undefined ? { kind: 'refused', problems } : { kind: 'facts', facts, problems }
}

function readHosts(json: Readonly<Record<string, unknown>>): InventoryRead {
  if (json['formatVersion'] !== 1) {
    return refused('formatVersion', 'Inventories of format version 1 are read here')
  }
  const problems: InventoryProblem[] = []
  const byId = new Map<string, HostEntry>()
  const hosts = Array.isArray(json['hosts']) ? json['hosts'] : []
  for (const [index, host] of hosts.entries()) {
    const at = `hosts[${index}]`
    const entry = readEntry(host, { at, problems })
    if (entry === undefined) continue
    const before = byId.get(entry.id)
    if (before !== undefined) {
      problems.push({ at, sentence: `The id ${entry.id} occurs twice; the later look counts` })
    }
    if (before === undefined || before.facts.seenAt <= entry.facts.seenAt) {
      byId.set(entry.id, entry)
    }
  }
  return { kind: 'hosts', hosts: [...byId.values()], problems }
}

function readEntry(
  host: unknown,
  { at, problems }: { readonly at: string; readonly problems: InventoryProblem[] },
): HostEntry | undefined {
  if (!isRecord(host)) {
    problems.push({ at, sentence: 'A host is an object; left out' })
    return undefined
  }
  const { id, name } = host
  if (typeof id !== 'string' || id === '' || typeof name !== 'string' || name === '') {
    problems.push({ at, sentence: 'A host needs an id and a name; left out' })
    return undefined
  }
  const read = readHostFacts(host['facts'], `${at}.facts`)
  problems.push(...read.problems)
  if (read.facts === undefined) return undefined
  const entry = { id, name, pool: optional(host, 'pool'), zone: optional(host, 'zone') }
  if (host['declared'] === undefined) return { ...entry, facts: read.facts }
  const declared = readDeclaredFacts(host['declared'], `${at}.declared`)
  problems.push(...declared.problems)
  return { ...entry, facts: read.facts, declared: declared.facts }
}

function optional(host: Readonly<Record<string, unknown>>, key: string): string | undefined {
  const value = host[key]
  return typeof value === 'string' && value !== '' ? value : undefined
}

function refused(at: string, sentence: string): InventoryRead {
  return { kind: 'refused', problems: [{ at, sentence }] }
}
