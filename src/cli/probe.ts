import { Command } from 'commander'
import { findProbe, type Probe, PROBES } from '../host/probes.ts'
import { CommandFailed } from './command-failed.ts'
import { exitCode } from './exit-code.ts'
import { requireHypervisor } from './open-host.ts'
import { print } from './output.ts'
import { requireHotfix } from './require-hotfix.ts'

export function probeCommand(): Command {
  return new Command('probe')
    .description('asks the running hypervisor whether the hole of a fix is open; changes nothing')
    .argument('[FIX]', 'a fix by name or path, or a probe by its name')
    .option('--list', 'list the probes there are')
    .option('--json', 'print the finding for programs')
    .addHelpText(
      'after',
      '\nExamples:\n  reweave probe xsa-506\n  reweave probe dm-op-without-buffers\n  reweave probe --list\n\n' +
        'Exits 0 when the hole is closed, 20 when it is open or not known to be closed.\n',
    )
    .action((wanted: string | undefined, options: { json?: boolean; list?: boolean }) => {
      const json = options.json ?? false
      if (options.list || wanted === undefined) {
        const probes = PROBES.map(({ name, advisory, about }) => ({ name, advisory, about }))
        const text = probes.map(({ name, advisory, about }) => `${name} (${advisory})\n  ${about}`)
        print(json, probes, text.join('\n'))
        return
      }
      const probe = findProbe(wanted) ?? probeOf(wanted)
      const finding = probe.run(requireHypervisor())
      print(json, finding, finding.sentence)
      if (finding.state !== 'closed') process.exitCode = exitCode('holeOpen')
    })
}

/** The probe that a fix names. */
function probeOf(wanted: string): Probe {
  const { manifest: fix } = requireHotfix(wanted, 'shelf').hotfix
  if (fix.probe === undefined) {
    throw new CommandFailed('badFix', `${fix.name} has no probe: its page says how to tell`)
  }
  const probe = findProbe(fix.probe)
  if (probe !== undefined) return probe
  const known = PROBES.map(({ name }) => name).join(', ')
  throw new CommandFailed('badFix', `Unknown probe '${fix.probe}': known are ${known}`)
}
