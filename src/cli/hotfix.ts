import { Command } from 'commander'
import { hotfixExportCommand } from './hotfix-export.ts'
import { hotfixShowCommand } from './hotfix-show.ts'

export function hotfixCommand(): Command {
  return new Command('hotfix')
    .description('shows what is in a bundle, and unpacks it for other tools')
    .addCommand(hotfixShowCommand())
    .addCommand(hotfixExportCommand())
}
