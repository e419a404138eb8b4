import path from 'node:path'
import { Command } from 'commander'
import { buildStateDirectory, defaultSourceDirectory } from '../build/build-directory.ts'
import { describeFetchRefusal } from '../build/fetch-refusal.ts'
import { fetchSource } from '../build/fetch-source.ts'
import { requireSourcePlace } from './build-input.ts'
import { CommandFailed } from './command-failed.ts'
import { print, progress } from './output.ts'

interface FetchCommandOptions {
  readonly to?: string
  readonly json?: boolean
}

const EXAMPLES = `
Examples:
  $ reweave source fetch xen=4.17.5+72-g01140da4e8-1
  $ reweave source fetch xen=4.17.7+13-g2445b30a44-0+deb12u1 --to ~/xen --json
`

/** `reweave source`: the sources from which hotfixes are built. */
export function sourceCommand(): Command {
  const fetch = new Command('fetch')
    .description("fetch Debian's source of a hypervisor, its patches applied, its configuration")
    .argument('<package=version>', "Debian's source package and its exact version")
    .option('--to <dir>', 'where to put it (default: .reweave/sources/PACKAGE-VERSION)')
    .option('--json', 'print for programs')
    .addHelpText('after', EXAMPLES)
    .action(async (wanted: string, options: FetchCommandOptions) => {
      await runFetch(wanted, options)
    })
  return new Command('source')
    .description('get the source of the hypervisor that runs')
    .addCommand(fetch)
}

async function runFetch(wanted: string, options: FetchCommandOptions): Promise<void> {
  const { name, version } = parseWanted(wanted)
  const directory = path.resolve(options.to ?? defaultSourceDirectory(name, version))
  requireSourcePlace(directory)
  const stateDirectory = buildStateDirectory()
  const fetched = await fetchSource({ name, version, directory, stateDirectory, progress })
  if (fetched.kind === 'refused') {
    const { refusal } = fetched
    throw new CommandFailed('sourceRefused', describeFetchRefusal(refusal), { refusal })
  }
  const { source, wasThere } = fetched
  const value = { ok: true, package: name, ...source, record: undefined, wasThere }
  const what = `${name} ${version} is in ${source.directory}`
  const changed = source.isAsFetched === false ? ', with changes made since it was fetched' : ''
  const text = wasThere ? `${what} already${changed}` : what
  const config = `configuration: ${source.record?.config ?? 'unknown'}`
  print(options.json === true, { ...value, config: source.record?.config }, `${text}\n${config}`)
}

/** `xen=4.17.5+72-g01140da4e8-1`. Names and versions as deb-version(7) has them. */
function parseWanted(text: string): { readonly name: string; readonly version: string } {
  const match = /^([a-z0-9][a-z0-9+.-]+)=([A-Za-z0-9][A-Za-z0-9.+~:-]*)$/.exec(text)
  const [, name, version] = match ?? []
  if (name === undefined || version === undefined) {
    const message = `Cannot read '${text}': wanted PACKAGE=VERSION, such as xen=4.17.5+72-g01140da4e8-1`
    throw new CommandFailed('usage', message, { found: text })
  }
  return { name, version }
}
