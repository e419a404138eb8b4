/**
 * The command line of Reweave.
 *
 * Commands that only a checkout has (the lab, the fleet) are loaded when they are asked for, so
 * that the kit in Dom0 starts without them.
 *
 * @module
 */
import { Command, CommanderError } from 'commander'
import { applyCommand } from './apply.ts'
import { CommandFailed } from './command-failed.ts'
import { exitCode } from './exit-code.ts'
import { hotfixCommand } from './hotfix.ts'
import { imageCommand } from './image-show.ts'
import { inspectCommand } from './inspect.ts'
import { reportFailure } from './output.ts'
import { planCommand } from './plan.ts'
import { probeCommand } from './probe.ts'
import { revertCommand } from './revert.ts'
import { statusCommand } from './status.ts'

// Whoever reads the output may stop reading (`| head`); the command goes on to its end.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}

const argv = process.argv.slice(2)
const program = new Command('reweave')
  .description('mends a running Xen hypervisor: no reboot, and no guest that notices')
  .addCommand(inspectCommand())
  .addCommand(imageCommand())
  .addCommand(hotfixCommand())
  .addCommand(planCommand())
  .addCommand(applyCommand())
  .addCommand(statusCommand())
  .addCommand(revertCommand())
  .addCommand(probeCommand())
  .addHelpText(
    'after',
    '\nExit codes: docs/exit-codes.md. Each command has --help with examples.\n',
  )

interface CheckoutCommand {
  readonly name: string
  readonly description: string
  readonly load: () => Promise<Command>
}

/** Commands that the kit in Dom0 does without, in the order of the help. */
const CHECKOUT_COMMANDS: readonly CheckoutCommand[] = [
  {
    name: 'advisory',
    description: 'takes in security advisories, and shows them',
    load: async () => (await import('./advisory.ts')).advisoryCommand(),
  },
  {
    name: 'assess',
    description: 'puts a judgement of an advisory on record',
    load: async () => (await import('./assess.ts')).assessCommand(),
  },
  {
    name: 'exposure',
    description: 'says which hosts each advisory hits, with the facts that decided it',
    load: async () => (await import('./exposure.ts')).exposureCommand(),
  },
  {
    name: 'coverage',
    description: 'says by which ways each exposed host can be closed',
    load: async () => (await import('./coverage.ts')).coverageCommand(),
  },
  {
    name: 'vex',
    description: 'tells other scanners which hosts an advisory affects',
    load: async () => (await import('./vex.ts')).vexCommand(),
  },
  {
    name: 'inventory',
    description: 'keeps the hosts that are known, with what was seen of each',
    load: async () => (await import('./inventory.ts')).inventoryCommand(),
  },
  {
    name: 'source',
    description: 'gets the source of the hypervisor that runs',
    load: async () => (await import('./source.ts')).sourceCommand(),
  },
  {
    name: 'build',
    description: 'builds a hotfix from a source patch, proven against the build that runs',
    load: async () => (await import('./build.ts')).buildCommand(),
  },
  {
    name: 'lab',
    description: 'boots real Xen machines in QEMU',
    load: async () => (await import('./lab.ts')).labCommand(),
  },
  {
    name: 'demo',
    description: 'mends a hole in a real Xen, with a report',
    load: async () => (await import('./demo.ts')).demoCommand(),
  },
]

try {
  for (const command of CHECKOUT_COMMANDS) {
    if (argv[0] === command.name) program.addCommand(await loadCheckoutCommand(command))
    else program.command(command.name).description(`${command.description} (in a checkout)`)
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

function loadCheckoutCommand({ name, load }: CheckoutCommand): Promise<Command> {
  if (process.env['REWEAVE_KIT']) {
    throw new CommandFailed('usage', `'reweave ${name}' works in a checkout, not in Dom0`)
  }
  return load()
}
