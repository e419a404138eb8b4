import { Command } from 'commander'
import { sweepStaleMachines } from '../../../lab/machine-registry.ts'
import { openMachine } from '../../../lab/remote-machine.ts'
import { progress } from '../output.ts'
import { asLabCommand } from './lab-failure.ts'

const PUSH_EXAMPLES = `
REMOTE is the path that the file, or the directory, will have. Directories above it are made.

Examples:
  $ reweave lab push lab fixes/xsa-506.yaml /root/xsa-506.yaml
  $ reweave lab push lab fixes /root/fixes
`

const PULL_EXAMPLES = `
Examples:
  $ reweave lab pull lab /var/log/xen/console/guest-pv1.log beats.log
`

/** `reweave lab push`: copies a file or a directory into Dom0. */
export function pushCommand(): Command {
  return new Command('push')
    .description("copy a file or a directory to a machine's Dom0")
    .argument('<machine>')
    .argument('<local>')
    .argument('<remote>')
    .addHelpText('after', PUSH_EXAMPLES)
    .action(async (name: string, local: string, remote: string) => {
      await asLabCommand(async () => {
        sweepStaleMachines()
        progress(`Copying ${local} to ${name}`)
        await openMachine(name).push(local, remote)
      })
    })
}

/** `reweave lab pull`: copies a file out of Dom0. */
export function pullCommand(): Command {
  return new Command('pull')
    .description("copy a file from a machine's Dom0")
    .argument('<machine>')
    .argument('<remote>')
    .argument('<local>')
    .addHelpText('after', PULL_EXAMPLES)
    .action(async (name: string, remote: string, local: string) => {
      await asLabCommand(async () => {
        sweepStaleMachines()
        progress(`Copying ${remote} from ${name}`)
        await openMachine(name).pull(remote, local)
      })
    })
}
