import { Command } from 'commander'
import { changeCommand } from './change.ts'

export function applyCommand(): Command {
  const command = new Command('apply')
    .description('brings a hotfix into the running hypervisor, under the running guests')
    .option('--channel <name>', 'auto, livepatch (stops all CPUs for a moment) or dma', 'auto')
    .option('--lab-only', 'apply also a fix that opens a hole on purpose')
    .option('--reuse-vendor-code', "DMA: write over code that this machine's CPUs cannot run")
    .addHelpText(
      'after',
      '\nExamples:\n  reweave apply ./xsa-506.hotfix\n  reweave apply xsa-506 --channel dma\n' +
        '  reweave apply ./my-fix.yaml --engine nvme --json\n\n' +
        "Left to itself it takes Xen's own livepatch where Xen and the hotfix allow it, else DMA.\n" +
        'Applying what is applied already does nothing and exits 0. An interrupted apply is finished\n' +
        'by applying, or taken back by reverting.\n',
    )
  return changeCommand(command, 'applied')
}
