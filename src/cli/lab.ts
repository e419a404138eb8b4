import { Command } from 'commander'
import { consoleCommand } from './lab/console.ts'
import { downCommand } from './lab/down.ts'
import { execCommand } from './lab/exec.ts'
import { listCommand } from './lab/list.ts'
import { pullCommand, pushCommand } from './lab/push.ts'
import { tryCommand } from './lab/try.ts'
import { upCommand } from './lab/up.ts'

/** `reweave lab`: real Xen machines in QEMU, to try fixes in. */
export function labCommand(): Command {
  const subcommands = [
    upCommand(),
    listCommand(),
    execCommand(),
    pushCommand(),
    pullCommand(),
    consoleCommand(),
    downCommand(),
    tryCommand(),
  ]
  const lab = new Command('lab').description('run real Xen machines in QEMU to try fixes in')
  for (const subcommand of subcommands) lab.addCommand(subcommand)
  return lab
}
