import type { Command } from 'commander'

/** Adds the options of every command that reaches into the hypervisor. */
export function withHostOptions(command: Command): Command {
  return command
    .option('--symbols <file>', 'the xen-syms of the build that runs (default: looked for)')
    .option('--engine <kind>', 'for DMA: auto, nvme, nvme-sectors or edu', 'auto')
    .option('--json', 'print the result for programs')
}
