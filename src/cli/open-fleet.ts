import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Command } from 'commander'
import type { BuildCatalogue } from '../advisory/fix-presence.ts'
import { describeImportProblem } from '../advisory/import-problem.ts'
import { parseJson } from '../advisory/parse-json.ts'
import { readBuildCatalogue } from '../advisory/read-build-catalogue.ts'
import type { HostEntry } from '../fleet/inventory.ts'
import { InventoryStore, readHostsFile } from '../store/inventory-store.ts'
import { CommandFailed } from './command-failed.ts'
import { kitFolder } from './open-host.ts'
import { foldersOf, type StoreOptions, withStoreFailures } from './open-store.ts'
import { progress } from './output.ts'

/** Options of the commands that ask something of every host. */
export interface FleetOptions extends StoreOptions {
  readonly inventory?: string
}

export function withInventoryOption(command: Command): Command {
  return command.option('--inventory <file>', 'the hosts (default: inventory.json in the store)')
}

/** The builds that Reweave knows. */
export function loadCatalogue(): BuildCatalogue {
  const file = path.join(kitFolder(), 'data/builds.json')
  const { catalogue, problems } = readBuildCatalogue(jsonOf(file), path.basename(file))
  for (const problem of problems) progress(`reweave: ${describeImportProblem(problem)}`)
  return catalogue
}

/** The hosts that are known. What is wrong with some in a file is said; the others are there. */
export function requireHosts(options: FleetOptions): readonly HostEntry[] {
  if (options.inventory !== undefined) return hostsIn(options.inventory)
  const store = new InventoryStore(foldersOf(options).root)
  const { hosts } = withStoreFailures(() => store.load())
  if (hosts.length > 0) return hosts
  throw new CommandFailed(
    'badStore',
    `There is no host in ${store.file}; add some with 'reweave inventory add'`,
  )
}

function hostsIn(file: string): readonly HostEntry[] {
  const read = readHostsFile(file)
  for (const { at, sentence } of read.problems) {
    progress(`reweave: ${at === '' ? file : `${file}, ${at}`}: ${sentence}`)
  }
  if (read.kind === 'hosts') return read.hosts
  throw new CommandFailed('badStore', `${file} holds no inventory of hosts`)
}

function jsonOf(file: string): unknown {
  const json = parseJson(readFileSync(file, 'utf8'))
  if (json.kind === 'json') return json.value
  throw new CommandFailed('badStore', `Cannot read ${file} as JSON (${json.kind})`)
}
