/**
 * The command line of Reweave.
 *
 * Commands that only a checkout has (the lab, the demo) are loaded when they are asked for, so
 * that the kit in Dom0 starts without them.
 *
 * @module
 */
import { Command, CommanderError } from 'commander'
import { applyCommand } from './apply.ts'
import { CommandFailed } from './command-failed.ts'
import { exitCode } from './exit-code.ts'
import { imageCommand } from './image-show.ts'
import { inspectCommand } from './inspect.ts'
import { reportFailure } from './output.ts'
import { planCommand } from './plan.ts'
import { probeCommand } from './probe.ts'
import { revertCommand } from './revert.ts'
import { statusCommand } from './status.ts'

const argv = process.argv.slice(2)
const program = new Command('reweave')
  .description('mends a running Xen hypervisor: no reboot, and no guest that notices')
  .addCommand(inspectCommand())
  .addCommand(imageCommand())
  .addCommand(planCommand())
  .addCommand(applyCommand())
  .addCommand(statusCommand())
  .addCommand(revertCommand())
  .addCommand(probeCommand())
  .addHelpText(
    'after',
    '\nExit codes: docs/exit-codes.md. Each command has --help with examples.\n',
  )

try {
  const [name] = argv
  if (name === 'lab' || name === 'demo') await addCheckoutCommand(name)
  else {
    program.command('lab').description('boots real Xen machines in QEMU (in a checkout)')
    program.command('demo').description('mends a hole in a real Xen, with a report (in a checkout)')
  }
  throwInsteadOfExiting(program)
  await program.parseAsync(argv, { from: 'user' })
} catch (error) {
  const json = argv.includes('--json')
  if (error instanceof CommanderError) {
    // Commander has printed its message; asking for help is no error.
    process.exitCode = error.exitCode === 0 ? exitCode('ok') : exitCode('usage')
  } else reportFailure(error, json)
}

/** Lets this file choose the exit code, of subcommands too. */
function throwInsteadOfExiting(command: Command): void {
  command.exitOverride()
  for (const subcommand of command.commands) throwInsteadOfExiting(subcommand)
}

async function addCheckoutCommand(name: 'lab' | 'demo'): Promise<void> {
  if (process.env['REWEAVE_KIT']) {
    throw new CommandFailed('usage', `'reweave ${name}' works in a checkout, not in Dom0`)
  }
  if (name === 'lab') program.addCommand((await import('./lab.ts')).labCommand())
  else program.addCommand((await import('./demo.ts')).demoCommand())
}
