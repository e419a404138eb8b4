import { Command, InvalidArgumentError } from 'commander'
import { xsaName } from '../advisory/advisory.ts'
import { describeClock, mayDeploy } from '../advisory/embargo.ts'
import { impactsCount, isOpen } from '../advisory/exposure.ts'
import { coverageOf } from '../fleet/coverage.ts'
import type { HostEntry } from '../fleet/inventory.ts'
import { ASSUMED_OUTAGE, type FixForBuild, type OutageMinutes } from '../fleet/ways-of-host.ts'
import { listHotfixes } from '../host/fix-shelf.ts'
import { CommandFailed } from './command-failed.ts'
import { type CoverageReport, renderCoverage } from './coverage-report.ts'
import { fleetExposure } from './exposure.ts'
import { fixesForBuild } from './fixes-for-build.ts'
import { type FleetOptions, requireHosts, withInventoryOption } from './open-fleet.ts'
import { hotfixShelf } from './require-hotfix.ts'
import {
  loadAdvisories,
  requireAdvisory,
  requireXsa,
  viewerOf,
  withClearanceOption,
  withStoreOptions,
} from './open-store.ts'
import { print } from './output.ts'

interface CoverageOptions extends FleetOptions {
  readonly rebootMinutes: number
  readonly migrationSeconds: number
  /** `--no-dos` sets it to false. */
  readonly dos: boolean
}

const EXAMPLES = `
Examples:
  $ reweave coverage XSA-506
  $ reweave coverage xsa-506 --reboot-minutes 12     # with this one fix from the shelf
  $ reweave coverage XSA-506 --json | jq .coverage.improvements

Shares are of the hosts on which the hole is open, cut to two decimals: 100.00 % is every one.
`

export function coverageCommand(): Command {
  const command = new Command('coverage')
    .description('says by which ways each exposed host can be closed, and why not by the others')
    .argument('<XSA|HOTFIX>', 'an advisory, or the name of a fix on the shelf')
    .option(
      '--reboot-minutes <minutes>',
      'outage of a guest whose host reboots under it',
      amount,
      ASSUMED_OUTAGE['cold-reboot'],
    )
    .option('--migration-seconds <seconds>', 'outage of a guest that is moved away', amount, 1)
    .option('--no-dos', 'do not count what allows denial of service alone')
  return withInventoryOption(withClearanceOption(withStoreOptions(command)))
    .addHelpText('after', EXAMPLES)
    .action((wanted: string, options: CoverageOptions) => {
      const report = coverageReport(wanted, options)
      print(options.json ?? false, report, renderCoverage(report))
    })
}

function coverageReport(wanted: string, options: CoverageOptions): CoverageReport {
  const { xsa, fixes } = fixesFor(wanted)
  const viewer = viewerOf(options)
  const stored = requireAdvisory(loadAdvisories(options, viewer), xsa)
  if (stored.kind === 'embargoed') {
    return { kind: 'embargoed', xsa, clock: describeClock(stored.view, viewer.now) }
  }
  const { advisory } = stored.view
  const hosts = requireHosts(options)
  const policy = { denialOfServiceCounts: options.dos }
  const fleet = fleetExposure(hosts, [stored], policy)
  const exposed = hosts.filter(({ id }) => {
    const standing = fleet.standing(id, xsa)
    return standing !== undefined && isOpen(standing) === 'true'
  })
  const deployable = mayDeploy(advisory, viewer.now)
  return {
    kind: 'whole',
    xsa,
    title: advisory.title ?? '(no title known)',
    counts: impactsCount(advisory.impacts, policy),
    deployment: deployable.kind === 'public' ? 'It is public.' : deployable.sentence,
    maybeOpen: fleet.counts(xsa)?.maybeOpen ?? 0,
    coverage: coverageOf(exposed, {
      advisory,
      fixes,
      poolSizes: poolSizes(hosts),
      outage: outageOf(options),
    }),
  }
}

/** All fixes of the advisory, or the one that is named. Those that open holes are none. */
function fixesFor(wanted: string): {
  readonly xsa: number
  readonly fixes: readonly FixForBuild[]
} {
  const shelf = listHotfixes(hotfixShelf())
    .filter(({ manifest }) => !manifest.labOnly)
    .flatMap((hotfix) => fixesForBuild(hotfix))
  const named = shelf.filter((fix) => fix.name === wanted)
  const [first] = named
  if (first !== undefined) return { xsa: requireXsa(first.advisory), fixes: named }
  if (!/^(?:xsa-?)?\d+$/i.test(wanted)) {
    throw new CommandFailed('usage', `'${wanted}' names no advisory and no fix on the shelf`)
  }
  const xsa = requireXsa(wanted)
  return { xsa, fixes: shelf.filter((fix) => fix.advisory === xsaName(xsa)) }
}

function poolSizes(hosts: readonly HostEntry[]): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>()
  for (const { pool } of hosts) {
    if (pool !== undefined) sizes.set(pool, (sizes.get(pool) ?? 0) + 1)
  }
  return sizes
}

function outageOf({ rebootMinutes, migrationSeconds }: CoverageOptions): OutageMinutes {
  return {
    ...ASSUMED_OUTAGE,
    'cold-reboot': rebootMinutes,
    'migrate-and-reboot': migrationSeconds / 60,
  }
}

function amount(text: string): number {
  const value = Number(text)
  if (Number.isFinite(value) && value >= 0 && text.trim() !== '') return value
  throw new InvalidArgumentError('It is not a number from 0 upwards.')
}
