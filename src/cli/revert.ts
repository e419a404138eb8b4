import { Command } from 'commander'
import { changeCommand } from './change.ts'

export function revertCommand(): Command {
  const command = new Command('revert')
    .description('takes a hotfix out of the running hypervisor, by the channel by which it got in')
    .addHelpText(
      'after',
      '\nExamples:\n  reweave revert xsa-506\n  reweave revert xsa-506 --json\n\n' +
        'Reverting what is not applied does nothing and exits 0.\n',
    )
  return changeCommand(command, 'not-applied')
}
