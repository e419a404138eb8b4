import { randomUUID } from 'node:crypto'
import { Command, Option } from 'commander'
import { judge } from '../advisory/assessment.ts'
import { csafVex } from '../advisory/csaf-vex.ts'
import { openVex } from '../advisory/openvex.ts'
import { type VexHost, type VexSubject, vexStatements } from '../advisory/vex.ts'
import { FleetExposure } from '../fleet/fleet-exposure.ts'
import type { HostEntry } from '../fleet/inventory.ts'
import type { StoredAdvisory } from '../store/advisory-store.ts'
import { CommandFailed } from './command-failed.ts'
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
  withStoreOptions,
} from './open-store.ts'
import { toJson } from './output.ts'

interface VexOptions extends FleetOptions {
  readonly format: 'csaf' | 'openvex'
  readonly author: string
  readonly namespace: string
}

export function vexCommand(): Command {
  const command = new Command('vex')
    .description('tells other scanners which hosts an advisory affects, as a VEX document')
    .argument('[XSA...]', 'some advisories (default: all that are public)')
    .addOption(
      new Option('--format <format>', 'CSAF 2.0 VEX, or OpenVEX 0.2.0')
        .choices(['csaf', 'openvex'])
        .default('csaf'),
    )
    .requiredOption('--author <name>', 'who makes the document')
    .requiredOption(
      '--namespace <uri>',
      "the author's own address, as https://security.example.org",
    )
  return withInventoryOption(withStoreOptions(command))
    .addHelpText(
      'after',
      "\nExamples:\n  reweave vex --author 'Example Ltd' --namespace https://security.example.org\n" +
        "  reweave vex XSA-506 --format openvex --author 'Example Ltd' \\\n" +
        '      --namespace https://security.example.org >xsa-506.openvex.json\n\n' +
        'The document is made to leave the system: an embargoed advisory never gets into it. A host\n' +
        'is fixed where the fix is in memory; one whose fix is only on disk is still affected.\n',
    )
    .action((wanted: readonly string[], options: VexOptions) => {
      // Nobody is cleared here, whoever asks.
      const viewer = viewerOf({ ...options, cleared: false })
      const advisories = chosen(loadAdvisories(options, viewer), wanted.map(requireXsa))
      const statements = vexStatements(subjectsOf(advisories, requireHosts(options)))
      if (statements.length === 0) {
        throw new CommandFailed(
          'unknownAdvisory',
          'There is nothing to say: no host, or no public advisory',
        )
      }
      const facts = {
        author: options.author,
        namespace: options.namespace,
        id: `reweave-vex-${randomUUID()}`,
        at: viewer.now,
      }
      const make = options.format === 'csaf' ? csafVex : openVex
      process.stdout.write(`${toJson(make(statements, facts))}\n`)
    })
}

function chosen(
  advisories: readonly StoredAdvisory[],
  wanted: readonly number[],
): readonly StoredAdvisory[] {
  for (const xsa of wanted) {
    if (requireAdvisory(advisories, xsa).kind === 'embargoed') {
      throw new CommandFailed('notCleared', `XSA-${xsa} is embargoed; no document may speak of it`)
    }
  }
  return wanted.length === 0
    ? advisories
    : advisories.filter((one) => wanted.includes(numberOf(one)))
}

function subjectsOf(
  advisories: readonly StoredAdvisory[],
  hosts: readonly HostEntry[],
): readonly VexSubject[] {
  const open = advisories.filter((one) => one.kind === 'whole')
  const judged = open.map((one) => judge(one.view.advisory, one.assessments).judged)
  const context = { catalogue: loadCatalogue(), policy: { denialOfServiceCounts: true } }
  const fleet = FleetExposure.of(hosts, judged, context)
  return open.map(({ view }) => ({
    view,
    hosts: hosts.flatMap((host) => {
      const exposure = fleet.explain(host.id, view.advisory.xsa)
      return exposure === undefined ? [] : [{ host: vexHost(host), exposure }]
    }),
  }))
}

function vexHost({ id, name, facts }: HostEntry): VexHost {
  return { id, name, xenVersion: facts.xenVersion, buildId: facts.buildId }
}
