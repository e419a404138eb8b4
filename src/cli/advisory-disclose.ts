import { Command } from 'commander'
import { parseInstant } from '../advisory/instant.ts'
import { emptyStatement } from '../advisory/statement.ts'
import { AdvisoryStore } from '../store/advisory-store.ts'
import { CommandFailed } from './command-failed.ts'
import {
  foldersOf,
  loadAdvisories,
  now as currentTime,
  requireAdvisory,
  requireXsa,
  type StoreOptions,
  withStoreFailures,
  withStoreOptions,
} from './open-store.ts'
import { print } from './output.ts'

interface DiscloseOptions extends StoreOptions {
  readonly at?: string
  readonly by: string
}

export function advisoryDiscloseCommand(): Command {
  const command = new Command('disclose')
    .description('records that an advisory was announced, which ends its embargo here')
    .argument('<XSA>', 'its number: XSA-600, or 600')
    .requiredOption('--by <name>', 'who records it')
    .option('--at <time>', 'when it was announced, in UTC (default: now)')
  return withStoreOptions(command)
    .addHelpText(
      'after',
      "\nExamples:\n  reweave advisory disclose XSA-600 --by 'A. Smith' --at '2026-12-01 12:05'\n\n" +
        'A planned date that passes ends no embargo, because disclosures are put off. Needs read\n' +
        'access to the embargoed folder.\n',
    )
    .action((wanted: string, options: DiscloseOptions) => {
      const now = currentTime()
      const xsa = requireXsa(wanted)
      const at = options.at === undefined ? now : timeOf(options.at)
      if (at > now) throw new CommandFailed('usage', 'What is announced later is not disclosed yet')
      const viewer = { cleared: true, now }
      requireAdvisory(loadAdvisories(options, viewer), xsa)
      const statement = {
        ...emptyStatement(xsa, {
          kind: 'disclosure',
          reference: `recorded by ${options.by} on ${now}`,
        }),
        embargo: { state: 'A', dates: { A: at } } as const,
      }
      const store = new AdvisoryStore(foldersOf(options))
      withStoreFailures(() => store.add([statement], now))
      const text = `XSA-${xsa}: announced on ${at}; its embargo has ended here`
      print(options.json ?? false, { xsa, announcedAt: at, by: options.by }, text)
    })
}

function timeOf(text: string): string {
  const read = parseInstant(text)
  if (read.kind === 'instant') return read.instant
  throw new CommandFailed('usage', `'${text}' is no time; write 2026-12-01 12:00, for example`)
}
