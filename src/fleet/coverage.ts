import type { HostEntry } from './inventory.ts'
import { describeReason, describeRemedy, type Way, type WayName, WAYS } from './way.ts'
import { waysOfHost, type WaysContext } from './ways-of-host.ts'

/** A host on which the hole is open, and what can close it there. */
export interface HostCoverage {
  readonly id: string
  readonly name: string
  readonly ways: readonly Way[]
  /** Without an outage: by livepatch or by DMA. `unknown` where facts are missing. */
  readonly hot: Way['open']
}

/** How many hosts one way closes, and at what price. */
export interface WayCoverage {
  readonly hosts: number
  /** In percent with two decimals, cut and not rounded: 100.00 means every host. */
  readonly share: string
  readonly guestMinutes: number
  /** Hosts among them of which it is not known how many guests they have. */
  readonly unpriced: number
}

/** One change that would let more hosts be mended hot. */
export interface Improvement {
  /** `adding one build for 39a640e6 covers 212 more hosts`. */
  readonly sentence: string
  readonly hosts: number
  /** False where facts are missing: the hosts may turn out to be closed to it as well. */
  readonly certain: boolean
}

export interface Coverage {
  /** Hosts on which the hole is open. All shares are of them. */
  readonly exposed: number
  readonly ways: Readonly<Record<WayName, WayCoverage>>
  /** By livepatch or DMA, whichever is open. */
  readonly hot: WayCoverage
  /** By a reboot, with guests moved away first where that is possible. */
  readonly cold: WayCoverage
  /** Hosts for each reason against each way, the most frequent first. */
  readonly shut: readonly { readonly way: WayName; readonly why: string; readonly hosts: number }[]
  /** By falling number of hosts. */
  readonly improvements: readonly Improvement[]
  readonly hosts: readonly HostCoverage[]
}

/** What can close the hole on each of the hosts, which must be those on which it is open. */
export function coverageOf(exposed: readonly HostEntry[], context: WaysContext): Coverage {
  const hosts = exposed.map((host) => coverHost(host, context))
  const byWay = (names: readonly WayName[]): WayCoverage =>
    priced(
      hosts.map(({ ways }) => ways.find(({ way, open }) => names.includes(way) && open === 'yes')),
    )
  return {
    exposed: hosts.length,
    ways: {
      livepatch: byWay(['livepatch']),
      dma: byWay(['dma']),
      'migrate-and-reboot': byWay(['migrate-and-reboot']),
      'cold-reboot': byWay(['cold-reboot']),
    },
    hot: byWay(HOT),
    cold: byWay(['migrate-and-reboot', 'cold-reboot']),
    shut: shutReasons(hosts),
    improvements: improvementsFor(hosts),
    hosts,
  }
}

/** `part` of `whole` in percent, cut to two decimals, so that 100.00 is never reached too early. */
export function shareOf(part: number, whole: number): string {
  if (whole === 0) return '100.00'
  const hundredths = Math.floor((part * 10_000) / whole)
  return (hundredths / 100).toFixed(2)
}

const HOT: readonly WayName[] = ['livepatch', 'dma']

function coverHost(host: HostEntry, context: WaysContext): HostCoverage {
  const ways = waysOfHost(host, context)
  const open = ways.filter(({ way }) => HOT.includes(way)).map((way) => way.open)
  const shutOrNot = open.includes('unknown') ? 'unknown' : 'no'
  return { id: host.id, name: host.name, ways, hot: open.includes('yes') ? 'yes' : shutOrNot }
}

/** The way that each host takes; undefined for a host that has none. */
function priced(taken: readonly (Way | undefined)[]): WayCoverage {
  const ways = taken.filter((way) => way !== undefined)
  return {
    hosts: ways.length,
    share: shareOf(ways.length, taken.length),
    guestMinutes: ways.reduce((sum, way) => sum + (way.guestMinutes ?? 0), 0),
    unpriced: ways.filter((way) => way.guestMinutes === undefined).length,
  }
}

function shutReasons(hosts: readonly HostCoverage[]): Coverage['shut'] {
  const counts = new Map<string, { way: WayName; why: string; hosts: number }>()
  for (const { ways } of hosts) {
    for (const { way, reasons } of ways) {
      for (const why of new Set(reasons.map(describeReason))) {
        const key = `${way}\t${why}`
        const known = counts.get(key) ?? { way, why, hosts: 0 }
        counts.set(key, { ...known, hosts: known.hosts + 1 })
      }
    }
  }
  return [...counts.values()].sort(
    (a, b) =>
      WAYS.indexOf(a.way) - WAYS.indexOf(b.way) || b.hosts - a.hosts || (a.why < b.why ? -1 : 1),
  )
}

/**
 * The changes each of which would by itself open a hot way on some host.
 *
 * A host with two reasons against each hot way is in none of them: no one change covers it.
 */
function improvementsFor(hosts: readonly HostCoverage[]): readonly Improvement[] {
  const counts = new Map<string, { hosts: number; certain: boolean }>()
  for (const { ways, hot } of hosts) {
    if (hot === 'yes') continue
    const remedies = new Map<string, boolean>()
    for (const { way, reasons } of ways) {
      const [only, second] = reasons
      if (!HOT.includes(way) || only === undefined || second !== undefined) continue
      if (only.kind === 'not-in-hypervisor') continue
      remedies.set(describeRemedy(only), only.kind !== 'not-known')
    }
    for (const [remedy, certain] of remedies) {
      counts.set(remedy, { hosts: (counts.get(remedy)?.hosts ?? 0) + 1, certain })
    }
  }
  return [...counts]
    .map(([remedy, { hosts: count, certain }]) => ({
      sentence: `${remedy} ${certain ? 'covers' : 'may cover'} ${count} more ${hostWord(count)}`,
      hosts: count,
      certain,
    }))
    .sort((a, b) => b.hosts - a.hosts || (a.sentence < b.sentence ? -1 : 1))
}

function hostWord(count: number): string {
  return count === 1 ? 'host' : 'hosts'
}
