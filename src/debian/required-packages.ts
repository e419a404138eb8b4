/**
 * Programs that a piece of work needs, and the Debian packages that have them.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { runBuildCommand } from '../workshop/build-command.ts'

/** A Debian package, and a program of it, or a file, whose presence shows that it is there. */
export interface RequiredPackage {
  readonly package: string
  /** A name to be found on the path, or an absolute path of a file. */
  readonly program: string
}

/** Those whose program is not here. */
export function missingPackages<Wanted extends RequiredPackage>(
  wanted: readonly Wanted[],
): readonly Wanted[] {
  return wanted.filter(({ program }) => findProgram(program) === undefined)
}

/** The path of a program. Debian keeps some where a plain user's PATH does not look. */
export function findProgram(name: string): string | undefined {
  if (path.isAbsolute(name)) return existsSync(name) ? name : undefined
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin']
  return folders.map((folder) => path.join(folder, name)).find((file) => existsSync(file))
}

/** What is missing here, where whoever runs this may not install it. */
export interface ToolsMissing {
  readonly kind: 'tools-missing'
  readonly programs: readonly string[]
  readonly packages: readonly string[]
}

/** Sees to it that programs are there: installs their packages, or says what is missing. */
export async function requirePackages(
  wanted: readonly RequiredPackage[],
  progress: (line: string) => void,
): Promise<ToolsMissing | undefined> {
  const missing = missingPackages(wanted)
  if (missing.length === 0) return undefined
  if (process.getuid?.() !== 0) {
    return {
      kind: 'tools-missing',
      programs: missing.map(({ program }) => program),
      packages: missing.map((one) => one.package),
    }
  }
  await installPackages(missing, progress)
  return undefined
}

/** Installs packages into this system; for root alone. */
export async function installPackages(
  wanted: readonly RequiredPackage[],
  progress: (line: string) => void,
): Promise<void> {
  const packages = wanted.map((one) => one.package)
  const environment = { DEBIAN_FRONTEND: 'noninteractive' }
  // Waits for another apt-get instead of failing beside it.
  const settings = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3']
  progress('Reading package lists')
  await runBuildCommand('apt-get', [...settings, 'update'], { environment })
  progress(`Installing ${packages.join(', ')}`)
  const onLine = (line: string): void => {
    if (/^(?:Get:\d|Unpacking |Setting up )/.test(line)) progress(withoutAddresses(line))
  }
  const command = [...settings, 'install', '--yes', '--no-install-recommends', ...packages]
  await runBuildCommand('apt-get', command, { environment, onLine })
  const [first] = missingPackages(wanted)
  if (first === undefined) return
  throw new Error(`Cannot find ${first.program} although ${first.package} was installed`)
}

/** `Get:3 http://HOST/debian bookworm/main amd64 PACKAGE …` without where it came from. */
function withoutAddresses(line: string): string {
  return line.replace(/\s+\w+:\/\/\S+/, '')
}
