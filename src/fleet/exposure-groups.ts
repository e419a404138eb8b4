import type { Exposure, Verdict } from '../advisory/exposure.ts'
import type { FleetExposure } from './fleet-exposure.ts'
import type { HostEntry } from './inventory.ts'

/** Hosts with one verdict for the same reasons. */
export interface ExposureGroup {
  readonly exposure: Exposure
  /** By name. */
  readonly hosts: readonly HostEntry[]
}

/** What needs attention comes first. */
const ORDER: readonly Verdict[] = ['affected', 'fixed', 'unknown', 'not-affected']

/** Every host's exposure to one advisory, each reason given once. */
export function exposureGroups(fleet: FleetExposure, xsa: number): readonly ExposureGroup[] {
  const groups = new Map<string, { exposure: Exposure; hosts: HostEntry[] }>()
  for (const { hosts } of fleet.alike(xsa)) {
    // Alike to all advisories, and so for the same reasons; but what was found may differ, as a
    // build-id does that no advisory knows.
    for (const host of hosts) {
      const exposure = fleet.explain(host.id, xsa)
      if (exposure === undefined) continue
      const key = JSON.stringify(exposure)
      const known = groups.get(key)
      if (known === undefined) groups.set(key, { exposure, hosts: [host] })
      else known.hosts.push(host)
    }
  }
  return [...groups.values()]
    .map(({ exposure, hosts }) => ({ exposure, hosts: hosts.sort(byName) }))
    .sort(
      (a, b) =>
        ORDER.indexOf(a.exposure.verdict) - ORDER.indexOf(b.exposure.verdict) ||
        b.hosts.length - a.hosts.length ||
        byName(a.hosts[0], b.hosts[0]),
    )
}

function byName(a: HostEntry | undefined, b: HostEntry | undefined): number {
  const [left, right] = [a?.name ?? '', b?.name ?? '']
  if (left === right) return (a?.id ?? '') < (b?.id ?? '') ? -1 : 1
  return left < right ? -1 : 1
}
