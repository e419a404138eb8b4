import { Command } from 'commander'
import { changeCommand } from './change.ts'

export function applyCommand(): Command {
  const command = new Command('apply')
    .description('writes a fix into the running hypervisor by DMA, under the running guests')
    .option('--lab-only', 'apply also a fix that opens a hole on purpose')
    .addHelpText(
      'after',
      '\nExamples:\n  reweave apply xsa-506\n  reweave apply ./my-fix.yaml --engine nvme --json\n\n' +
        'Applying what is applied already does nothing and exits 0. An interrupted apply is finished\n' +
        'by applying, or taken back by reverting.\n',
    )
  return changeCommand(command, 'applied')
}
