import { Command, Option } from 'commander'
import { keepMachine, type KeptMachine } from '../../../lab/keep-machine.ts'
import {
  engineSchema,
  guestTypeSchema,
  iommuSchema,
  type MachineRequest,
  machineOptionsSchema,
} from '../../../lab/machine-options.ts'
import { findMachine, sweepStaleMachines } from '../../../lab/machine-registry.ts'
import { prepareLab } from '../../../lab/parts.ts'
import { CommandFailed } from '../command-failed.ts'
import { print } from '../output.ts'
import { asLabCommand } from './lab-failure.ts'
import { runTasks } from './lab-progress.ts'
import { renderMachines, summarizeMachine } from './machine-summary.ts'

interface UpOptions {
  readonly name: string
  readonly number: string
  readonly guests: string
  readonly engine: string
  readonly iommu: string
  readonly cpu: string
  readonly memory?: string
  readonly xen?: string
  readonly xenOption: readonly string[]
  readonly dom0Option: readonly string[]
  readonly json?: boolean
}

const EXAMPLES = `
A machine stays up until \`reweave lab down\`. It belongs to a process in the background; when this
command is interrupted before the machine is ready, nothing of it stays.

Examples:
  $ reweave lab up --guests pv,pvh
  $ reweave lab up --name refuses --iommu intel --engine nvme
  $ reweave lab up --name pair -n 2             # pair-1 and pair-2
  $ reweave lab up --xen-option dom0-iommu=strict --iommu amd
`

/** `reweave lab up`: boots machines and leaves them running. */
export function upCommand(): Command {
  const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value]
  return new Command('up')
    .description('boot Xen machines, with their guests, and leave them running')
    .option('--name <name>', 'name of the machine', 'lab')
    .option('-n, --number <n>', 'how many machines: NAME-1, NAME-2 and so on', '1')
    .option('--guests <types>', 'guests to start: pv, pvh, in any number', '')
    .option('--engine <devices>', 'devices for DMA: nvme, edu', 'nvme,edu')
    .addOption(
      new Option('--iommu <kind>', 'IOMMU of the machine')
        .choices(iommuSchema.options)
        .default('none'),
    )
    .addOption(
      new Option('--cpu <vendor>', 'as the processor calls itself; pvh needs amd')
        .choices(['amd', 'intel'])
        .default('amd'),
    )
    .option('--memory <MiB>', "the machine's RAM")
    .option('--xen <version>', "Debian's version of the hypervisor")
    .option('--xen-option <option>', "add to Xen's command line; may be repeated", collect, [])
    .option('--dom0-option <option>', "add to Dom0's; may be repeated", collect, [])
    .option('--json', 'print for programs')
    .addHelpText('after', EXAMPLES)
    .action(async (options: UpOptions) => {
      await asLabCommand(async () => await bringUp(options))
    })
}

async function bringUp(options: UpOptions): Promise<void> {
  const json = options.json === true
  const requests = machineRequests(options)
  const guests = guestRequests(options.guests)
  sweepStaleMachines()
  const prepared = await runTasks(
    [
      {
        title: 'Preparing the lab',
        run: async (progress) =>
          await prepareLab({
            progress,
            ...(options.xen === undefined ? {} : { hypervisorVersion: options.xen }),
          }),
      },
    ],
    { json },
  )
  const parts = prepared.map(valueOf)[0]
  if (parts === undefined) throw new Error('The lab was not prepared')
  const started = await runTasks(
    requests.map((machine) => ({
      title: `Booting ${machine.name}`,
      run: async (progress: (line: string) => void) =>
        await keepMachine(parts, { machine, guests, progress }),
    })),
    { json },
  )
  // Until here an interruption takes all machines along. A machine that did not come up does not
  // take the others along.
  const up: KeptMachine[] = []
  for (const outcome of started) if (outcome.status === 'fulfilled') up.push(outcome.value)
  for (const machine of up) await machine.release()
  started.map(valueOf)
  const summaries = up.map(({ name }) => summarizeMachine(findMachine(name)))
  print(json, { machines: summaries }, renderMachines(summaries))
}

/** The machines asked for. @throws CommandFailed `usage`, or a ZodError with the faulty value */
export function machineRequests(options: UpOptions): readonly MachineRequest[] {
  const count = Number(options.number)
  if (!Number.isInteger(count) || count < 1 || count > 16) {
    throw new CommandFailed('usage', `Cannot boot '${options.number}' machines: want 1 to 16`)
  }
  const names =
    count === 1
      ? [options.name]
      : Array.from({ length: count }, (_, index) => `${options.name}-${index + 1}`)
  return names.map((name) =>
    machineOptionsSchema.parse({
      name,
      engines: commaList(options.engine).map((engine) => engineSchema.parse(engine)),
      iommu: options.iommu,
      cpuVendor: options.cpu,
      xenOptions: options.xenOption,
      dom0Options: options.dom0Option,
      ...(options.memory === undefined ? {} : { memoryMb: Number(options.memory) }),
    }),
  )
}

/** Guests by type, each with a name of its own: pv1, pvh1, pv2 and so on. */
export function guestRequests(
  types: string,
): readonly { readonly name: string; readonly type: 'pv' | 'pvh' }[] {
  const counts = { pv: 0, pvh: 0 }
  return commaList(types).map((word) => {
    const type = guestTypeSchema.parse(word)
    counts[type] += 1
    return { name: `${type}${counts[type]}`, type }
  })
}

function commaList(text: string): readonly string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '' && word !== 'none')
}

function valueOf<Result>(outcome: PromiseSettledResult<Result>): Result {
  if (outcome.status === 'rejected') throw outcome.reason
  return outcome.value
}
