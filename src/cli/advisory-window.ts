import { Command } from 'commander'
import { judge } from '../advisory/assessment.ts'
import { describeClock } from '../advisory/embargo.ts'
import { isOpen } from '../advisory/exposure.ts'
import type { Instant } from '../advisory/host-facts.ts'
import { describeSpan } from '../advisory/instant.ts'
import { describeWindow, type HostWindow, type Sighting, windowOf } from '../advisory/window.ts'
import { FleetExposure } from '../fleet/fleet-exposure.ts'
import type { HostEntry } from '../fleet/inventory.ts'
import { printable } from '../hotfix/fix-problem.ts'
import { SightingStore } from '../store/sighting-store.ts'
import type { StoredAdvisory } from '../store/advisory-store.ts'
import {
  type FleetOptions,
  loadCatalogue,
  requireHosts,
  withInventoryOption,
} from './open-fleet.ts'
import {
  foldersOf,
  loadAdvisories,
  requireAdvisory,
  requireXsa,
  viewerOf,
  withStoreFailures,
  withStoreOptions,
} from './open-store.ts'
import { print } from './output.ts'

export function advisoryWindowCommand(): Command {
  const command = new Command('window')
    .description('counts how long each host stood open, from the announcement until it was closed')
    .argument('<XSA>', 'its number: XSA-506, or 506')
  return withInventoryOption(withStoreOptions(command))
    .addHelpText(
      'after',
      '\nExamples:\n  reweave advisory window XSA-506\n\n' +
        'Each run records what the inventory shows, so run it after each new look at the hosts. A\n' +
        'host counts as closed from the first time that it was seen closed in what runs, and opens\n' +
        'again when it is seen open. Before the disclosure this shows the countdown alone.\n',
    )
    .action((wanted: string, options: FleetOptions) => {
      const viewer = viewerOf({ ...options, cleared: false })
      const stored = requireAdvisory(loadAdvisories(options, viewer), requireXsa(wanted))
      const clock = describeClock(stored.view, viewer.now)
      if (stored.kind === 'embargoed') {
        print(options.json ?? false, stored.view, clock)
        return
      }
      const hosts = requireHosts(options)
      const windows = windowsOf(stored, hosts, { options, now: viewer.now })
      const { xsa } = stored.view.advisory
      const value = { xsa, announcedAt: announcementOf(stored), hosts: windows }
      print(options.json ?? false, value, renderWindows(clock, windows))
    })
}

interface WindowOfHost {
  readonly id: string
  readonly name: string
  readonly window: HostWindow
}

function windowsOf(
  stored: StoredAdvisory & { readonly kind: 'whole' },
  hosts: readonly HostEntry[],
  { options, now }: { readonly options: FleetOptions; readonly now: Instant },
): readonly WindowOfHost[] {
  const { judged } = judge(stored.view.advisory, stored.assessments)
  const context = { catalogue: loadCatalogue(), policy: { denialOfServiceCounts: true } }
  const fleet = FleetExposure.of(hosts, [judged], context)
  const seen = hosts.flatMap((host): readonly Sighting[] => {
    const standing = fleet.standing(host.id, judged.xsa)
    return standing === undefined
      ? []
      : [{ host: host.id, at: host.facts.seenAt, open: isOpen(standing) }]
  })
  const store = new SightingStore(foldersOf(options).root)
  const sightings = withStoreFailures(() => store.record(judged.xsa, seen))
  const byHost = Map.groupBy(sightings, ({ host }) => host)
  // Without a date nobody can say how long: the window then begins now, and has no length.
  const announcedAt = announcementOf(stored) ?? now
  return hosts.map(({ id, name }) => ({
    id,
    name,
    window: windowOf(byHost.get(id) ?? [], { announcedAt, now }),
  }))
}

function announcementOf(stored: StoredAdvisory & { readonly kind: 'whole' }): Instant | undefined {
  const { embargo, publicAt } = stored.view.advisory
  return embargo.dates.A ?? publicAt
}

function renderWindows(clock: string, windows: readonly WindowOfHost[]): string {
  const longest = windows
    .map(({ window }) => ('ms' in window ? window.ms : 0))
    .reduce((a, b) => Math.max(a, b), 0)
  const open = windows.filter(({ window }) => window.kind === 'open').length
  return [
    clock,
    `${open} of ${windows.length} hosts are open; the longest window is ${describeSpan(longest)}`,
    ...windows.map(({ name, window }) => `${printable(name)}: ${describeWindow(window)}`),
  ].join('\n')
}
