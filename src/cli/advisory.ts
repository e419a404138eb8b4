import { Command } from 'commander'
import { advisoryDiscloseCommand } from './advisory-disclose.ts'
import { advisoryImportCommand } from './advisory-import.ts'
import { advisoryListCommand } from './advisory-list.ts'
import { advisoryShowCommand } from './advisory-show.ts'
import { advisoryWindowCommand } from './advisory-window.ts'

export function advisoryCommand(): Command {
  return new Command('advisory')
    .description('takes in security advisories, and shows them as far as their embargo lets it')
    .addCommand(advisoryImportCommand())
    .addCommand(advisoryListCommand())
    .addCommand(advisoryShowCommand())
    .addCommand(advisoryDiscloseCommand())
    .addCommand(advisoryWindowCommand())
}
