import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { Command } from 'commander'
import { consoleText } from '../../../lab/console-log.ts'
import { listMachines, sweepStaleMachines } from '../../../lab/machine-registry.ts'
import { machinePaths } from '../../../lab/machine-paths.ts'
import { openMachine } from '../../../lab/remote-machine.ts'
import { asLabCommand } from './lab-failure.ts'

const EXAMPLES = `
Examples:
  $ reweave lab console lab | grep '(XEN)'
  $ reweave lab console lab --follow
`

const POLL_MS = 200

/** `reweave lab console`: what Xen and Dom0 have printed. */
export function consoleCommand(): Command {
  return new Command('console')
    .description("print a machine's console, over all its boots")
    .argument('<machine>')
    .option('-f, --follow', 'go on printing until the machine is taken down')
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, { follow }: { readonly follow?: boolean }) => {
      await asLabCommand(async () => {
        sweepStaleMachines()
        const text = openMachine(name).consoleLog()
        process.stdout.write(text)
        if (follow === true) await followConsole(name, Buffer.byteLength(text))
      })
    })
}

async function followConsole(name: string, fromByte: number): Promise<void> {
  const file = machinePaths(name).console
  let shown = fromByte
  while (listMachines().some((machine) => machine.name === name)) {
    const text = consoleText(file, shown)
    process.stdout.write(text)
    shown += Buffer.byteLength(text)
    await sleep(POLL_MS)
  }
}
