import { Command } from 'commander'
import { endKeptMachine } from '../../../lab/keep-machine.ts'
import { listMachines, sweepStaleMachines } from '../../../lab/machine-registry.ts'
import { CommandFailed } from '../command-failed.ts'
import { print } from '../output.ts'
import { asLabCommand } from './lab-failure.ts'

interface DownOptions {
  readonly all?: boolean
  readonly json?: boolean
}

const EXAMPLES = `
The machine's disk goes with it. Machines that a demo or a test runs end with that; --all leaves
them alone.

Examples:
  $ reweave lab down lab
  $ reweave lab down --all
`

/** `reweave lab down`: ends machines and removes all that they had. */
export function downCommand(): Command {
  return new Command('down')
    .description('end machines, and remove their disks and their RAM files')
    .argument('[machine...]')
    .option('--all', 'all machines that `lab up` started')
    .option('--json', 'print for programs')
    .addHelpText('after', EXAMPLES)
    .action(async (names: string[], options: DownOptions) => {
      await asLabCommand(async () => await takeDown(names, options))
    })
}

async function takeDown(names: readonly string[], options: DownOptions): Promise<void> {
  if ((options.all === true) === names.length > 0) {
    throw new CommandFailed('usage', 'Cannot tell what to take down: name machines, or say --all')
  }
  const swept = sweepStaleMachines()
  const kept = listMachines().filter((machine) => machine.kept)
  const ended = options.all === true ? kept.map(({ name }) => name) : names
  for (const name of ended) await endKeptMachine(name)
  const gone = [...ended, ...swept]
  const text = gone.length === 0 ? 'No machine was up' : gone.map((name) => `${name} is down`)
  print(options.json === true, { ended, swept }, [text].flat().join('\n'))
}
