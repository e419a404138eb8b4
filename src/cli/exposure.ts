import { Command } from 'commander'
import { judge } from '../advisory/assessment.ts'
import { describeClock } from '../advisory/embargo.ts'
import { impactsCount } from '../advisory/exposure.ts'
import { exposureGroups } from '../fleet/exposure-groups.ts'
import { FleetExposure } from '../fleet/fleet-exposure.ts'
import type { HostEntry } from '../fleet/inventory.ts'
import type { StoredAdvisory } from '../store/advisory-store.ts'
import { CommandFailed } from './command-failed.ts'
import { type ExposureReport, renderExposure } from './exposure-report.ts'
import {
  type FleetOptions,
  loadCatalogue,
  requireHosts,
  withInventoryOption,
} from './open-fleet.ts'
import {
  loadAdvisories,
  numberOf,
  requireAdvisory,
  requireXsa,
  viewerOf,
  withClearanceOption,
  withStoreOptions,
} from './open-store.ts'
import { print, progress } from './output.ts'

interface ExposureOptions extends FleetOptions {
  readonly host?: string
  readonly explain?: boolean
  /** `--no-dos` sets it to false. */
  readonly dos: boolean
}

/** Verdicts that are explained without being asked for: more than this nobody reads. */
const EXPLAINED = 500
/** Hosts that take more than a moment. */
const LONG = 5000

const EXAMPLES = `
Examples:
  $ reweave exposure                         # every advisory, how many hosts it hits
  $ reweave exposure XSA-506                 # each host, with the facts that decided it
  $ reweave exposure --host rack2-m07        # one host, every advisory
  $ reweave exposure XSA-506 --no-dos --json

A host is open where the fix is not in memory: one that has it on disk only is open until it boots.
Where a fact is missing the answer is 'unknown', never 'not affected'.
`

export function exposureCommand(): Command {
  const command = new Command('exposure')
    .description('says which hosts each advisory hits, with the facts that decided it')
    .argument('[XSA...]', 'some advisories (default: all)')
    .option('--host <name>', 'one host only, by its name or id')
    .option('--explain', 'give the deciding facts of every verdict')
    .option('--no-dos', 'do not count what allows denial of service alone')
  return withInventoryOption(withClearanceOption(withStoreOptions(command)))
    .addHelpText('after', EXAMPLES)
    .action((wanted: readonly string[], options: ExposureOptions) => {
      const reports = exposureReports(wanted.map(requireXsa), options)
      print(options.json ?? false, reports.map(reportForPrograms), renderExposure(reports))
    })
}

function exposureReports(
  wanted: readonly number[],
  options: ExposureOptions,
): readonly ExposureReport[] {
  const viewer = viewerOf(options)
  const all = loadAdvisories(options, viewer)
  const chosen = wanted.length === 0 ? all : wanted.map((xsa) => requireAdvisory(all, xsa))
  const hosts = chosenHosts(requireHosts(options), options.host)
  const policy = { denialOfServiceCounts: options.dos }
  if (hosts.length > LONG) progress(`judging ${hosts.length} hosts`)
  const fleet = fleetExposure(hosts, chosen, policy)
  const explain =
    options.explain === true || wanted.length > 0 || hosts.length * chosen.length <= EXPLAINED
  return chosen.map((stored): ExposureReport => {
    const xsa = numberOf(stored)
    const counts = fleet.counts(xsa)
    if (stored.kind === 'embargoed' || counts === undefined) {
      return { kind: 'embargoed', xsa, clock: describeClock(stored.view, viewer.now) }
    }
    const { advisory, embargoed } = stored.view
    return {
      kind: 'whole',
      title: advisory.title ?? '(no title known)',
      embargoed,
      counts: impactsCount(advisory.impacts, policy),
      hosts: counts,
      groups: explain ? exposureGroups(fleet, xsa) : undefined,
    }
  })
}

/** The exposure to the advisories that the viewer may see, as judged here. */
export function fleetExposure(
  hosts: readonly HostEntry[],
  advisories: readonly StoredAdvisory[],
  policy: { readonly denialOfServiceCounts: boolean },
): FleetExposure {
  const judged = advisories.flatMap((one) =>
    one.kind === 'whole' ? [judge(one.view.advisory, one.assessments).judged] : [],
  )
  return FleetExposure.of(hosts, judged, { catalogue: loadCatalogue(), policy })
}

function chosenHosts(
  hosts: readonly HostEntry[],
  wanted: string | undefined,
): readonly HostEntry[] {
  if (wanted === undefined) return hosts
  const found = hosts.filter(({ id, name }) => id === wanted || name === wanted)
  if (found.length > 0) return found
  throw new CommandFailed('usage', `No host is named '${wanted}' in the inventory`)
}

/** As the report, with the hosts' ids and names and not all that is known of them. */
function reportForPrograms(report: ExposureReport): object {
  if (report.kind === 'embargoed') return report
  const { hosts, groups, ...facts } = report
  return {
    ...facts,
    ...hosts,
    groups: groups?.map((group) => ({
      exposure: group.exposure,
      hosts: group.hosts.map(({ id, name }) => ({ id, name })),
    })),
  }
}
