import { Command } from 'commander'
import { listMachines, sweepStaleMachines } from '../../../lab/machine-registry.ts'
import { print } from '../output.ts'
import { asLabCommand } from './lab-failure.ts'
import { renderMachines, summarizeMachine } from './machine-summary.ts'

const EXAMPLES = `
Examples:
  $ reweave lab list
  $ reweave lab list --json | jq -r '.machines[].name'
`

/** `reweave lab list`: the machines that are up, whoever runs them. */
export function listCommand(): Command {
  return new Command('list')
    .description('list the machines that are up')
    .option('--json', 'print for programs')
    .addHelpText('after', EXAMPLES)
    .action(async ({ json }: { readonly json?: boolean }) => {
      await asLabCommand(async () => {
        sweepStaleMachines()
        const machines = listMachines().map(summarizeMachine)
        print(json === true, { machines }, renderMachines(machines))
      })
    })
}
