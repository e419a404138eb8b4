/**
 * Debian packages through the host's own apt configuration, into a private state directory.
 *
 * Sources, keys, proxies and credentials are the host's; its package lists, its cache and its
 * installed packages are neither read nor changed. Needs no root.
 *
 * @module
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { mkdtempSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import {
  type AptSource,
  formatStanzas,
  keepBookworm,
  parseOneLineSources,
  parseStanzas,
} from './apt-sources.ts'
import { AptRefused } from './apt-refusal.ts'
import { runBuildCommand } from '../workshop/build-command.ts'
import { withFileLock } from '../workshop/file-lock.ts'

/** One package at one version. */
export interface Package {
  readonly name: string
  readonly version: string
}

export interface AptOptions {
  /** Kept between runs: package lists and the packages fetched so far. */
  readonly directory: string
  readonly progress: (line: string) => void
  /** Source packages too, from where the host takes its binary ones. */
  readonly withSources?: boolean
}

/** What `apt-get install --simulate` says of one package: name, version and architecture. */
const PLANNED = /^Inst (\S+) (?:\[\S+\] )?\((\S+) .*\[\w+\]\)/

export class Apt {
  readonly #directory: string
  readonly #progress: (line: string) => void
  readonly #types: readonly string[]
  #lists: Promise<void> | undefined

  constructor(options: AptOptions) {
    this.#directory = options.directory
    this.#progress = options.progress
    this.#types = options.withSources === true ? ['deb', 'deb-src'] : ['deb']
  }

  /**
   * The exact packages that an empty system gets when it installs these, by name.
   *
   * Throws `AptRefused` where the host's sources do not offer one of them.
   */
  async resolve(names: readonly string[]): Promise<Package[]> {
    await this.#refreshed()
    await this.#requireOffers(names.map((name) => ({ name, version: undefined })))
    const output = await this.#run('apt-get', ['--simulate', 'install', ...names])
    return parsePlan(output)
  }

  /**
   * The `.deb` files of these packages at exactly these versions, fetched where they are not here.
   *
   * Throws `AptRefused` where the host's sources do not offer one of them.
   */
  async fetch(packages: readonly Package[]): Promise<string[]> {
    const kept = path.join(this.#directory, 'packages')
    mkdirSync(kept, { recursive: true })
    const missing = packages.filter((one) => findPackageFile(kept, one) === undefined)
    if (missing.length > 0) {
      await this.#refreshed()
      const part = mkdtempSync(path.join(kept, 'part-'))
      try {
        await this.#download(missing, part)
        for (const file of readdirSync(part)) {
          renameSync(path.join(part, file), path.join(kept, file))
        }
      } finally {
        rmSync(part, { recursive: true, force: true })
      }
    }
    return packages.map((one) => {
      const file = findPackageFile(kept, one)
      if (file === undefined) throw new Error(`Cannot find the file of ${one.name} ${one.version}`)
      return path.join(kept, file)
    })
  }

  /**
   * The `.dsc` file of a source package, with the files that it names beside it.
   *
   * What an interrupted call fetched is not fetched again. Throws `AptRefused` where the host's
   * sources do not offer it. Needs `withSources`.
   */
  async fetchSource(wanted: Package): Promise<string> {
    const { name, version } = wanted
    const stem = `${name}_${version.replaceAll(':', '%3a')}`
    const kept = path.join(this.#directory, 'source-packages', stem)
    const marker = path.join(kept, 'complete')
    // Its name leaves the epoch out.
    const dsc = path.join(kept, `${name}_${version.replace(/^\d+:/, '')}.dsc`)
    if (existsSync(marker) && existsSync(dsc)) return dsc
    mkdirSync(kept, { recursive: true })
    await this.#refreshed()
    const offered = parseSourceOffers(await this.#run('apt-cache', ['madison', name]))
    if (!offered.includes(version)) {
      const refusal = { package: name, wanted: `${version} as source`, offered }
      throw new AptRefused({ kind: 'package-not-offered', ...refusal })
    }
    this.#progress(`Fetching the source of ${name} ${version}`)
    const args = ['source', '--only-source', '--download-only', `${name}=${version}`]
    await this.#run('apt-get', args, { directory: kept })
    if (!existsSync(dsc)) throw new Error(`Cannot find ${dsc} although apt-get fetched it`)
    writeFileSync(marker, '')
    return dsc
  }

  async #download(packages: readonly Package[], directory: string): Promise<void> {
    await this.#requireOffers(packages)
    let count = 0
    const onLine = (line: string): void => {
      if (!line.startsWith('Get:')) return
      count += 1
      if (count % 10 === 0 || count === packages.length) {
        this.#progress(`Fetching Debian packages: ${count} of ${packages.length}`)
      }
    }
    const wanted = packages.map((one) => `${one.name}=${one.version}`)
    await this.#run('apt-get', ['download', ...wanted], { directory, onLine })
  }

  /** Without a version, any will do. */
  async #requireOffers(
    wanted: readonly { readonly name: string; readonly version: string | undefined }[],
  ): Promise<void> {
    const output = await this.#run('apt-cache', ['madison', ...wanted.map((one) => one.name)])
    const offers = parseOffers(output)
    for (const { name, version } of wanted) {
      const offered = offers.get(name) ?? []
      if (version === undefined ? offered.length > 0 : offered.includes(version)) continue
      throw new AptRefused({
        kind: 'package-not-offered',
        package: name,
        wanted: version ?? 'in any version',
        offered,
      })
    }
  }

  /** Brings the package lists up to date, once in this object's life. */
  #refreshed(): Promise<void> {
    this.#lists ??= this.#refresh()
    return this.#lists
  }

  async #refresh(): Promise<void> {
    const lock = path.join(this.#directory, 'lists.lock')
    const onWait = (): void =>
      this.#progress('Waiting for another process that reads package lists')
    await withFileLock(lock, onWait, async () => {
      this.#progress("Reading Debian's package lists")
      await this.#writeConfiguration()
      await this.#run('apt-get', ['update'])
    })
  }

  async #writeConfiguration(): Promise<void> {
    // What an older Reweave wrote there would be read beside what is written now.
    rmSync(path.join(this.#directory, 'sources'), { recursive: true, force: true })
    for (const place of ['lists/partial', 'archives/partial', 'sources', 'nothing']) {
      mkdirSync(path.join(this.#directory, place), { recursive: true })
    }
    const sources = await readHostSources()
    const kept = keepBookworm(sources.found)
    if (kept.length === 0) {
      throw new AptRefused({ kind: 'no-debian-sources', looked: sources.looked })
    }
    writeFileSync(path.join(this.#directory, 'status'), '')
    writeFileSync(
      path.join(this.#directory, 'sources', 'host.sources'),
      formatStanzas(kept.map((source) => ({ ...source, types: this.#types }))),
    )
    writeFileSync(path.join(this.#directory, 'apt.conf'), configuration(this.#directory))
  }

  async #run(
    command: string,
    args: readonly string[],
    options: { directory?: string; onLine?: (line: string) => void } = {},
  ): Promise<string> {
    const settings = ['-c', path.join(this.#directory, 'apt.conf')]
    return await runBuildCommand(command, [...settings, ...args], options)
  }
}

/** The packages in the output of `apt-get --simulate install`, by name. */
export function parsePlan(output: string): Package[] {
  const packages = output.split('\n').flatMap((line): Package[] => {
    const [, name, version] = PLANNED.exec(line) ?? []
    return name === undefined || version === undefined ? [] : [{ name, version }]
  })
  return packages.sort((one, other) => (one.name < other.name ? -1 : 1))
}

/** Package → its versions, each once, from the output of `apt-cache madison`. */
export function parseOffers(output: string): Map<string, string[]> {
  const offers = new Map<string, string[]>()
  for (const line of output.split('\n')) {
    const [name = '', version = ''] = line.split('|').map((column) => column.trim())
    if (name === '' || version === '') continue
    const known = offers.get(name) ?? []
    if (!known.includes(version)) offers.set(name, [...known, version])
  }
  return offers
}

/** The versions of source packages in the output of `apt-cache madison`, each once. */
export function parseSourceOffers(output: string): string[] {
  const lines = output.split('\n').filter((line) => /\sSources\s*$/.test(line))
  return [...new Set(lines.map((line) => line.split('|')[1]?.trim() ?? ''))]
}

/** The file of this package among the names in a directory. apt writes `:` as `%3a`. */
function findPackageFile(directory: string, wanted: Package): string | undefined {
  const stem = `${wanted.name}_${wanted.version.replaceAll(':', '%3a')}_`
  return ['amd64', 'all']
    .map((arch) => `${stem}${arch}.deb`)
    .find((name) => {
      return existsSync(path.join(directory, name))
    })
}

/** All sources in the host's lists, wherever its configuration says they are. */
async function readHostSources(): Promise<{ found: AptSource[]; looked: string[] }> {
  const answer = await runBuildCommand('apt-config', [
    'shell',
    'list',
    'Dir::Etc::sourcelist/f',
    'parts',
    'Dir::Etc::sourceparts/d',
  ])
  const list = /^list='(.*)'$/m.exec(answer)?.[1] ?? '/etc/apt/sources.list'
  const parts = /^parts='(.*)'$/m.exec(answer)?.[1] ?? '/etc/apt/sources.list.d'
  const inParts = existsSync(parts) ? readdirSync(parts).map((name) => path.join(parts, name)) : []
  const found = [list, ...inParts]
    .filter((file) => existsSync(file))
    .flatMap((file) => {
      if (file.endsWith('.sources')) return parseStanzas(readFileSync(file, 'utf8'))
      if (file.endsWith('.list')) return parseOneLineSources(readFileSync(file, 'utf8'))
      return []
    })
  return { found, looked: [list, parts] }
}

/** Read after the host's own configuration, so that what is set here holds. */
// The host's hooks and preferences are cleared: a hook may need root, or empty a cache, and a
// preference would let two hosts resolve the same sources differently.
function configuration(directory: string): string {
  return `\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Architectures;
#clear APT::Default-Release;
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Install-Recommends "false";
APT::Install-Suggests "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
Debug::NoLocking "true";
Dir::Cache "${directory}";
Dir::Cache::archives "${directory}/archives";
Dir::State "${directory}";
Dir::State::lists "${directory}/lists";
Dir::State::status "${directory}/status";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "${directory}/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "${directory}/nothing";
`
}
