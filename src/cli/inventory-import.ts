import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import type { HostEntry } from '../fleet/inventory.ts'
import { hostsOfPool } from '../fleet/xapi-hosts.ts'
import { readHostsFile } from '../store/inventory-store.ts'
import { checkXapiUrl, describeXapiRefusal, readXapiPool, XapiFailed } from '../xapi/xapi-client.ts'
import { CommandFailed } from './command-failed.ts'
import { exitCode } from './exit-code.ts'
import { inventoryStore, renderMerged, renderProblems } from './open-inventory.ts'
import { now, type StoreOptions, withStoreFailures, withStoreOptions } from './open-store.ts'
import { print } from './output.ts'

interface ImportOptions extends StoreOptions {
  readonly user: string
  readonly passwordFile?: string
  readonly certificates?: string
}

const PASSWORD_VARIABLE = 'REWEAVE_XAPI_PASSWORD'
const TIMEOUT_MS = 60_000

export function inventoryImportCommand(): Command {
  const command = new Command('import')
    .description('takes in inventories from files, or the hosts of a pool from XAPI')
    .argument('<SOURCE...>', 'files, or https:// addresses of pools')
    .option('--user <name>', 'who asks XAPI', 'root')
    .option('--password-file <file>', `the password for XAPI (default: $${PASSWORD_VARIABLE})`)
    .option('--certificates <file>', "the pool's certificates, where the system does not know them")
  return withStoreOptions(command)
    .addHelpText(
      'after',
      '\nExamples:\n  reweave inventory import hosts.json\n' +
        '  reweave inventory import https://pool-a.example --password-file password.txt\n\n' +
        'XAPI knows neither build-ids nor what lies in memory: look at the hosts besides, with\n' +
        "'reweave inspect --json' on each and 'reweave inventory add'. Exits 25 when a file or a\n" +
        'part of one was not taken in, 27 when a pool could not be read; the rest is taken in.\n',
    )
    .action(async (sources: readonly string[], options: ImportOptions) => {
      const hosts: HostEntry[] = []
      const problems: string[] = []
      let poolFailed = false
      for (const source of sources) {
        if (!/^https?:\/\//.test(source)) {
          const read = readFile(source)
          hosts.push(...read.hosts)
          problems.push(...read.problems)
          continue
        }
        const read = await readPool(source, options)
        hosts.push(...read.hosts)
        problems.push(...read.problems)
        poolFailed ||= read.problems.length > 0
      }
      const merged = withStoreFailures(() => inventoryStore(options).add(hosts))
      const lines = [...renderMerged(merged), ...problems]
      print(options.json ?? false, { hosts: merged, problems }, lines.join('\n'))
      if (problems.length > 0)
        process.exitCode = exitCode(poolFailed ? 'xapiFailed' : 'badInventory')
    })
}

interface SourceRead {
  readonly hosts: readonly HostEntry[]
  readonly problems: readonly string[]
}

function readFile(file: string): SourceRead {
  const read = readHostsFile(file)
  const problems = renderProblems(file, read.problems)
  if (read.kind === 'hosts') return { hosts: read.hosts, problems }
  if (read.kind !== 'facts') return { hosts: [], problems }
  const unnamed = `${file}: This is the look at one host, which says no name: use inventory add`
  return { hosts: [], problems: [...problems, unnamed] }
}

async function readPool(address: string, options: ImportOptions): Promise<SourceRead> {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url === undefined) throw new CommandFailed('usage', `${address} is no address`)
  const refusal = checkXapiUrl(url)
  if (refusal !== undefined) throw new CommandFailed('usage', describeXapiRefusal(refusal))
  const certificates =
    options.certificates === undefined ? undefined : readText(options.certificates)
  try {
    const access = { url, user: options.user, password: passwordFrom(options), certificates }
    const pool = await readXapiPool({ ...access, timeoutMs: TIMEOUT_MS })
    return { hosts: hostsOfPool(pool, now()), problems: [] }
  } catch (error) {
    if (error instanceof XapiFailed)
      return { hosts: [], problems: [`${address}: ${error.message}`] }
    throw error
  }
}

/** Never from the command line, where every user of the machine could read it. */
function passwordFrom(options: ImportOptions): string {
  if (options.passwordFile !== undefined) return readText(options.passwordFile).trimEnd()
  const password = process.env[PASSWORD_VARIABLE]
  if (password !== undefined) return password
  throw new CommandFailed('usage', `Give the password in $${PASSWORD_VARIABLE} or --password-file`)
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    throw new CommandFailed('usage', `Cannot read ${file} (${code})`)
  }
}
