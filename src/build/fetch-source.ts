import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Apt } from '../debian/apt.ts'
import { AptRefused } from '../debian/apt-refusal.ts'
import { requirePackages } from '../debian/required-packages.ts'
import { BuildFailed, runBuildCommand } from '../workshop/build-command.ts'
import { withFileLock } from '../workshop/file-lock.ts'
import { UNPACK_TOOLS } from './build-tools.ts'
import { debianMakeVariables } from './debian-make-variables.ts'
import { readDebianPackaging } from './debian-packaging.ts'
import type { FetchRefusal } from './fetch-refusal.ts'
import { openSource } from './open-source.ts'
import { sourceContentKey } from './source-content.ts'
import { SOURCE_RECORD_FILE, SOURCE_RECORD_FORMAT, type SourceRecord } from './source-record.ts'
import type { SourceTree } from './source-tree.ts'

export interface FetchOptions {
  /** `xen` */
  readonly name: string
  /** `4.17.5+72-g01140da4e8-1` */
  readonly version: string
  /** Where the source goes. It may be there already, but nothing else may. */
  readonly directory: string
  /** Package lists and fetched packages, kept between runs. */
  readonly stateDirectory: string
  readonly progress: (line: string) => void
}

export type FetchedSource =
  | {
      readonly kind: 'fetched'
      readonly source: SourceTree
      /** It was there already, and was left as it is. */
      readonly wasThere: boolean
    }
  | { readonly kind: 'refused'; readonly refusal: FetchRefusal }

/**
 * Debian's source of the hypervisor, its patch series applied, with the configuration it is built
 * with.
 *
 * The directory appears when it is complete. A call that was interrupted is taken up again: what
 * was fetched is kept.
 */
export async function fetchSource(options: FetchOptions): Promise<FetchedSource> {
  const { stateDirectory, progress } = options
  mkdirSync(stateDirectory, { recursive: true })
  const onWait = (): void => progress('Waiting for another process that fetches a source')
  return await withFileLock(path.join(stateDirectory, 'fetch.lock'), onWait, async () => {
    try {
      return findSource(options) ?? (await fetchAndUnpack(options))
    } catch (error) {
      if (error instanceof AptRefused) return { kind: 'refused', refusal: error.refusal }
      if (!(error instanceof BuildFailed)) throw error
      const complaints = (error.complaints || error.message).split('\n').slice(-5)
      const { name, version } = options
      const refusal = { kind: 'fetch-failed', package: name, version, complaints } as const
      return { kind: 'refused', refusal }
    }
  })
}

/** What is in the directory already, or undefined where it may be filled. */
function findSource(options: FetchOptions): FetchedSource | undefined {
  const { directory, name, version } = options
  if (!existsSync(directory) || readdirSync(directory).length === 0) return undefined
  const opened = openSource(directory)
  const record = opened.kind === 'opened' ? opened.source.record : undefined
  if (opened.kind === 'opened' && record?.package === name && record.version === version) {
    return { kind: 'fetched', source: opened.source, wasThere: true }
  }
  if (opened.kind === 'refused' && opened.refusal.kind === 'source-not-clean') return opened
  const found = record === undefined ? undefined : `${record.package} ${record.version}`
  const wanted = `${name} ${version}`
  return { kind: 'refused', refusal: { kind: 'directory-taken', directory, found, wanted } }
}

async function fetchAndUnpack(options: FetchOptions): Promise<FetchedSource> {
  const { directory, stateDirectory, progress } = options
  const lacking = await requirePackages(UNPACK_TOOLS, progress)
  if (lacking !== undefined) return { kind: 'refused', refusal: lacking }
  const apt = new Apt({ directory: path.join(stateDirectory, 'apt'), progress, withSources: true })
  const dsc = await apt.fetchSource(options)
  const parent = path.dirname(directory)
  mkdirSync(parent, { recursive: true })
  const part = `${directory}.part`
  rmSync(part, { recursive: true, force: true })
  try {
    await unpackSource(dsc, part, progress)
    const config = await placeConfig(part, options, apt)
    writeRecord(part, options, config)
    const opened = openSource(part)
    if (opened.kind === 'refused') return opened
    // An empty directory may be there.
    rmSync(directory, { recursive: true, force: true })
    renameSync(part, directory)
    return { kind: 'fetched', source: { ...opened.source, directory }, wasThere: false }
  } finally {
    rmSync(part, { recursive: true, force: true })
  }
}

async function unpackSource(
  dsc: string,
  directory: string,
  progress: (line: string) => void,
): Promise<void> {
  progress('Unpacking the source and applying its patch series')
  await runBuildCommand('dpkg-source', ['--no-copy', '--extract', dsc, directory])
}

/** Puts `xen/.config` where make wants it, and says from where. */
async function placeConfig(part: string, options: FetchOptions, apt: Apt): Promise<string> {
  const { version, progress } = options
  const target = path.join(part, 'xen/.config')
  const release = /^(?:\d+:)?(\d+\.\d+)/.exec(version)?.[1] ?? ''
  const name = `xen-hypervisor-${release}-amd64`
  const tree = `${part}/.reweave-package`
  try {
    const [file = ''] = await apt.fetch([{ name, version }])
    await runBuildCommand('dpkg-deb', ['--extract', file, tree])
    copyFileSync(path.join(tree, `boot/xen-${release}-amd64.config`), target)
    return name
  } catch (error) {
    if (!(error instanceof AptRefused)) throw error
    progress(`${name} ${version} is not offered; taking the configuration in the source`)
    copyFileSync(path.join(part, 'debian/xen-kconfig'), target)
    return 'debian/xen-kconfig'
  } finally {
    rmSync(tree, { recursive: true, force: true })
  }
}

function writeRecord(part: string, options: FetchOptions, config: string): void {
  const packaging = readDebianPackaging(part)
  if (packaging?.version !== options.version) {
    const found = packaging?.version ?? 'no version'
    throw new BuildFailed(`Cannot use the source: wanted ${options.version}, found ${found}`)
  }
  const { make, environment } = debianMakeVariables(packaging)
  const record: SourceRecord = {
    format: SOURCE_RECORD_FORMAT,
    package: options.name,
    version: options.version,
    config,
    make: { ...make },
    environment: { ...environment },
    contentKey: sourceContentKey(part),
  }
  writeFileSync(path.join(part, SOURCE_RECORD_FILE), `${JSON.stringify(record, null, 2)}\n`)
}
