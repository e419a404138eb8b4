import { Command } from 'commander'
import type { HostEntry } from '../fleet/inventory.ts'
import { readDeclaredFacts } from '../fleet/read-host-facts.ts'
import { readInventory } from '../fleet/read-inventory.ts'
import { CommandFailed } from './command-failed.ts'
import { exitCode } from './exit-code.ts'
import { inventoryStore, readJsonInput, renderMerged, renderProblems } from './open-inventory.ts'
import { type StoreOptions, withStoreFailures, withStoreOptions } from './open-store.ts'
import { print } from './output.ts'

interface AddOptions extends StoreOptions {
  readonly facts: string
  readonly id?: string
  readonly pool?: string
  readonly zone?: string
  readonly declared?: string
}

export function inventoryAddCommand(): Command {
  const command = new Command('add')
    .description('puts one host in, or a later look at it')
    .argument('<NAME>', 'what people call the host')
    .requiredOption(
      '--facts <file>',
      "what 'reweave inspect --json' printed there; - for the input",
    )
    .option('--id <id>', 'what names the host for good, its UUID for example (default: its name)')
    .option('--pool <name>', 'the pool in which its guests can move')
    .option('--zone <name>', 'the zone whose hosts may fail together')
    .option('--declared <file>', 'facts that you state, for what no look at the host shows')
  return withStoreOptions(command)
    .addHelpText(
      'after',
      '\nExamples:\n  ssh host1 reweave inspect --json | reweave inventory add host1 --facts -\n' +
        '  reweave inventory add host1 --facts host1.json --declared guests.json\n\n' +
        'What was seen stands against what is declared. Exits 25 when a fact was not understood;\n' +
        'it is then not known, and the rest is taken in.\n',
    )
    .action((name: string, options: AddOptions) => {
      const { entry, problems } = readHost(name, options)
      const merged = withStoreFailures(() => inventoryStore(options).add([entry]))
      const lines = [...renderMerged(merged), ...problems]
      print(options.json ?? false, { hosts: merged, problems }, lines.join('\n'))
      if (problems.length > 0) process.exitCode = exitCode('badInventory')
    })
}

function readHost(
  name: string,
  options: AddOptions,
): { readonly entry: HostEntry; readonly problems: readonly string[] } {
  const read = readInventory(readJsonInput(options.facts))
  if (read.kind === 'hosts') {
    throw new CommandFailed('usage', `${options.facts} is a whole inventory: use inventory import`)
  }
  if (read.kind === 'refused') {
    const lines = renderProblems(options.facts, read.problems)
    throw new CommandFailed('badInventory', lines.join('\n'), { problems: read.problems })
  }
  const problems = renderProblems(options.facts, read.problems)
  const entry = {
    id: options.id ?? name,
    name,
    pool: options.pool,
    zone: options.zone,
    facts: read.facts,
  }
  if (options.declared === undefined) return { entry, problems }
  const declared = readDeclaredFacts(readJsonInput(options.declared))
  const further = renderProblems(options.declared, declared.problems)
  return { entry: { ...entry, declared: declared.facts }, problems: [...problems, ...further] }
}
