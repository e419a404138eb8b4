import { Command } from 'commander'
import { changeCommand } from './change.ts'

export function revertCommand(): Command {
  const command = new Command('revert')
    .description('puts back the bytes that a fix replaced in the running hypervisor')
    .addHelpText(
      'after',
      '\nExamples:\n  reweave revert xsa-506\n  reweave revert xsa-506 --json\n\n' +
        'Reverting what is not applied does nothing and exits 0.\n',
    )
  return changeCommand(command, 'not-applied')
}
