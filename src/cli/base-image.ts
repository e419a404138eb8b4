import { existsSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { cacheDirectory } from '../../lab/lab-directory.ts'
import { fetchHypervisor } from '../../lab/hypervisor.ts'
import { Apt } from '../debian/apt.ts'
import { findSymbols, symbolPatterns } from '../host/symbol-files.ts'
import { type BuildId, parseBuildId } from '../image/build-id.ts'
import type { Image } from '../image/image.ts'
import { CommandFailed } from './command-failed.ts'
import { loadCatalogue } from './open-fleet.ts'
import { kitFolder } from './open-host.ts'
import { readImageFile } from './read-image-file.ts'

/** The build that a hotfix is made for. */
export interface BaseImage {
  readonly image: Image
  /** The distribution's package, where the build is known: `4.17.5+72-g01140da4e8-1`. */
  readonly version: string | undefined
}

/**
 * Finds a base by the path of its `xen-syms`, or by its build-id.
 *
 * A build-id is looked for among the symbol files of this host; a build of a known package
 * (`data/builds.json`) is fetched.
 *
 * @throws CommandFailed `badSymbols` when there is none, or a file holds none
 */
export async function openBase(
  wanted: string,
  progress: (line: string) => void,
): Promise<BaseImage> {
  const catalogue = loadCatalogue()
  const versionOf = (buildId: BuildId): string | undefined =>
    catalogue.get(buildId)?.package?.version
  const buildId = wanted.includes('/') ? undefined : parseBuildId(wanted)
  if (buildId === undefined) {
    if (!existsSync(wanted)) {
      const message = `There is no file ${wanted}, and it is no whole build-id; name a xen-syms with --base`
      throw new CommandFailed('badSymbols', message, { file: wanted })
    }
    const image = await readImageFile(wanted)
    return { image, version: versionOf(image.buildId) }
  }
  const version = versionOf(buildId)
  const patterns = symbolPatterns(kitFolder())
  const local = findSymbols({ buildId, named: undefined, patterns })
  if (local.kind === 'found') return { image: local.image, version }
  if (version === undefined) {
    throw new CommandFailed(
      'badSymbols',
      `No symbols of build ${buildId}: it is not in data/builds.json, and not in ` +
        `${patterns.join(', ')}; name its xen-syms with --base`,
      { buildId },
    )
  }
  return { image: await readImageFile(await fetchSymbols(version, progress)), version }
}

/** The path of the `xen-syms` of a package that is known. */
async function fetchSymbols(version: string, progress: (line: string) => void): Promise<string> {
  const directory = cacheDirectory()
  try {
    mkdirSync(directory, { recursive: true })
    const apt = new Apt({ directory: path.join(directory, 'apt'), progress })
    const { syms } = await fetchHypervisor(version, { apt, cacheDirectory: directory, progress })
    return syms
  } catch (error) {
    // Not offered, out of reach, or no room for it: all of it is for the operator to mend.
    if (!(error instanceof Error) || !('code' in error)) throw error
    const failed = new CommandFailed(
      'badSymbols',
      `Cannot fetch the symbols of ${version}: ${error.message}; name its xen-syms with --base`,
      { version },
    )
    failed.cause = error
    throw failed
  }
}
