import process from 'node:process'
import { Command } from 'commander'
import { sweepStaleMachines } from '../../../lab/machine-registry.ts'
import { ended, spawnOwned } from '../../workshop/owned-process.ts'
import { openMachine, sshTarget } from '../../../lab/remote-machine.ts'
import { sshArguments } from '../../../lab/ssh.ts'
import { print } from '../output.ts'
import { asLabCommand } from './lab-failure.ts'

const EXAMPLES = `
One word is a line for Dom0's shell; several are a program and its arguments, taken literally.
Exits as the command does. Without a command: a shell.

Examples:
  $ reweave lab exec lab -- xl list
  $ reweave lab exec lab -- 'xl dmesg | grep -i virtualisation'
  $ reweave lab exec lab --json -- reweave status
`

/** `reweave lab exec`: runs a command as root in a machine's Dom0. */
export function execCommand(): Command {
  return new Command('exec')
    .description("run a command in a machine's Dom0, with this terminal's input and output")
    .argument('<machine>')
    .argument('[command...]')
    .option('--json', 'collect exit code and output, and print them for programs')
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, words: string[], { json }: { readonly json?: boolean }) => {
      await asLabCommand(async () => {
        sweepStaleMachines()
        const machine = openMachine(name)
        const command = words.length === 1 ? (words[0] ?? '') : words
        if (json === true) {
          const result = await machine.exec(command)
          print(true, result, '')
          process.exitCode = result.exit
          return
        }
        const terminal = process.stdin.isTTY && process.stdout.isTTY ? ['-t'] : []
        const args = [...terminal, ...sshArguments(sshTarget(machine.state()), command)]
        const how = await ended(spawnOwned('ssh', args, { stdio: 'inherit' }))
        process.exitCode = Number(/^exit code (\d+)$/.exec(how)?.[1] ?? 1)
      })
    })
}
