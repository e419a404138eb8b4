import { Command } from 'commander'
import { exportHotfix, type HotfixExported } from '../host/export-hotfix.ts'
import { CommandFailed } from './command-failed.ts'
import { print } from './output.ts'
import { requireHotfix } from './require-hotfix.ts'

export function hotfixExportCommand(): Command {
  return new Command('export')
    .description("puts a bundle's payload where hosts of XenServer's kind look for livepatches")
    .argument('FILE', 'the path of a bundle, or a name on the shelf')
    .requiredOption('--to <folder>', 'the folder of all payloads: /usr/lib/xen-livepatch on a host')
    .option('--json', 'print what was written for programs')
    .addHelpText(
      'after',
      '\nExample:\n  reweave hotfix export ./xsa-506.hotfix --to /usr/lib/xen-livepatch\n\n' +
        'The link livepatch.livepatch is what a host loads. There is one for each build of Xen, so it\n' +
        'leads to the payload that was exported last.\n',
    )
    .action((wanted: string, options: { to: string; json?: boolean }) => {
      const { hotfix } = requireHotfix(wanted, 'shelf')
      const outcome = exportHotfix(hotfix, options.to)
      if (outcome.kind === 'no-payload') {
        const message = `${hotfix.manifest.name} has no livepatch form: nothing was written`
        throw new CommandFailed('noForm', message)
      }
      print(options.json ?? false, outcome, renderExport(outcome))
    })
}

function renderExport({ file, link }: Extract<HotfixExported, { kind: 'exported' }>): string {
  return `Wrote ${file}\n${link} leads to it`
}
