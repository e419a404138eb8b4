import type { Advisory } from '../advisory/advisory.ts'
import type { HostFacts } from '../advisory/host-facts.ts'
import type { BuildId } from '../image/build-id.ts'
import type { HostEntry } from './inventory.ts'
import { type HotWay, type ShutReason, type Way, type WayName, WAYS } from './way.ts'

/** A fix for one build, as far as one channel is concerned. */
export interface FixForBuild {
  readonly name: string
  /** `XSA-506`. */
  readonly advisory: string
  readonly buildId: BuildId
  readonly channel: HotWay
  /** Why it cannot be had or used for this build; undefined where it can. */
  readonly refused: string | undefined
}

/**
 * What each way costs one guest, in minutes of outage. An assumption of the operator's, to be
 * replaced by what was measured.
 */
export type OutageMinutes = Readonly<Record<WayName, number>>

/**
 * A reboot: 20 minutes, the middle of the 10 to 30 that Alibaba named for the cold route in 2015.
 * Live migration: one second of silence. Hot ways: none that a guest's clock shows.
 */
export const ASSUMED_OUTAGE: OutageMinutes = {
  livepatch: 0,
  dma: 0,
  'migrate-and-reboot': 1 / 60,
  'cold-reboot': 20,
}

export interface WaysContext {
  readonly advisory: Pick<Advisory, 'component' | 'fixedIn'>
  /** Fixes of this advisory. */
  readonly fixes: readonly FixForBuild[]
  /** Number of hosts in each pool. */
  readonly poolSizes: ReadonlyMap<string, number>
  readonly outage: OutageMinutes
}

/** Every way on the host, open or shut, with all the reasons against it. */
export function waysOfHost(host: HostEntry, context: WaysContext): readonly Way[] {
  const guests = guestCount(host.facts)
  return WAYS.map((way) => {
    const reasons = reasonsAgainst(way, host, context)
    const guestMinutes = guests === undefined ? undefined : guests * context.outage[way]
    return { way, open: openness(reasons), reasons, guestMinutes }
  })
}

/** Undefined unless the number of every type is known. */
export function guestCount({ guestTypes }: HostFacts): number | undefined {
  if (guestTypes === undefined) return undefined
  const { pv, pvh, hvm } = guestTypes
  return pv === undefined || pvh === undefined || hvm === undefined ? undefined : pv + pvh + hvm
}

function openness(reasons: readonly ShutReason[]): Way['open'] {
  if (reasons.length === 0) return 'yes'
  return reasons.every(({ kind }) => kind === 'not-known') ? 'unknown' : 'no'
}

function reasonsAgainst(
  way: WayName,
  host: HostEntry,
  context: WaysContext,
): readonly ShutReason[] {
  switch (way) {
    case 'livepatch':
    case 'dma':
      return againstHot(way, host.facts, context)
    case 'migrate-and-reboot':
      return [...againstReboot(context), ...againstMigration(host, context)]
    case 'cold-reboot':
      return againstReboot(context)
  }
}

function againstHot(
  channel: HotWay,
  facts: HostFacts,
  { advisory, fixes }: WaysContext,
): readonly ShutReason[] {
  if (advisory.component !== 'hypervisor') {
    return [{ kind: 'not-in-hypervisor', component: advisory.component }]
  }
  const ofBuild = againstBuild(
    facts.buildId,
    fixes.filter((fix) => fix.channel === channel),
  )
  return [...ofBuild, ...againstChannel(channel, facts)]
}

function againstBuild(
  buildId: BuildId | undefined,
  fixes: readonly FixForBuild[],
): readonly ShutReason[] {
  if (buildId === undefined) return [{ kind: 'not-known', fact: 'buildId' }]
  const forBuild = fixes.filter((fix) => fix.buildId === buildId)
  if (forBuild.some((fix) => fix.refused === undefined)) return []
  const [first] = forBuild
  if (first?.refused === undefined) return [{ kind: 'no-build', buildId }]
  return [{ kind: 'payload-refused', fix: first.name, buildId, why: first.refused }]
}

/** The host's own verdict on the channel counts; other facts say which of the reasons it is. */
function againstChannel(channel: HotWay, facts: HostFacts): readonly ShutReason[] {
  const verdict = facts.channels?.find((one) => one.channel === channel)
  if (verdict?.works === true) return []
  if (channel === 'livepatch' && hasNoLivepatch(facts)) return [{ kind: 'no-livepatch-config' }]
  if (channel === 'dma') {
    const mode = facts.iommuMode
    if (mode === 'relaxed' || mode === 'strict') return [{ kind: 'iommu', mode }]
    if (facts.engines?.every(({ usable }) => !usable) === true) {
      const whys = facts.engines.map(({ kind, address, why }) => `${kind} ${address}: ${why}`)
      return [{ kind: 'no-engine', why: whys.length > 0 ? whys.join('; ') : 'there is none' }]
    }
  }
  if (verdict === undefined) return [{ kind: 'not-known', fact: 'channels' }]
  return [{ kind: 'channel-shut', channel, why: verdict.why }]
}

function hasNoLivepatch({ config }: HostFacts): boolean {
  const value = config?.options['CONFIG_LIVEPATCH']
  return value === undefined ? config?.whole === true : value === 'n'
}

function againstReboot({ advisory }: WaysContext): readonly ShutReason[] {
  const known = advisory.fixedIn.some(
    ({ since, buildIds, packages, commits }) =>
      since !== 'never' &&
      (since !== undefined || buildIds.length > 0 || packages.length > 0 || commits.length > 0),
  )
  return known ? [] : [{ kind: 'no-fixed-version' }]
}

function againstMigration(
  { pool, facts }: HostEntry,
  { poolSizes }: WaysContext,
): readonly ShutReason[] {
  const reasons: ShutReason[] = []
  if (facts.migration?.possible === false) {
    reasons.push({ kind: 'migration-impossible', why: facts.migration.why })
  }
  if (pool === undefined || (poolSizes.get(pool) ?? 0) < 2) {
    reasons.push({ kind: 'alone-in-pool', pool })
  }
  for (const { guest, why } of facts.pinnedGuests ?? []) {
    reasons.push({ kind: 'guest-pinned', guest, why })
  }
  if (guestCount(facts) === 0) return reasons
  if (facts.migration === undefined) reasons.push({ kind: 'not-known', fact: 'migration' })
  if (facts.pinnedGuests === undefined) reasons.push({ kind: 'not-known', fact: 'pinnedGuests' })
  return reasons
}
