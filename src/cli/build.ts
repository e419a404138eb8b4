import { renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Command } from 'commander'
import { buildCacheDirectory } from '../build/build-directory.ts'
import { buildHotfix } from '../build/build-hotfix.ts'
import type { BuildReport } from '../build/build-report.ts'
import { renderBuildReport } from '../build/build-report-text.ts'
import { reportOfFix } from '../build/fix-report.ts'
import { readPatchIdentity } from '../build/patch-identity.ts'
import { sha256 } from '../host/sha256.ts'
import type { Bundle } from '../hotfix/bundle.ts'
import { printable } from '../hotfix/fix-problem.ts'
import { BUNDLE_LIMITS } from '../hotfix/manifest.ts'
import { REWEAVE_VERSION } from '../hotfix/reweave-version.ts'
import { bundleWrittenFix } from '../hotfix/write-bundle.ts'
import { openBase } from './base-image.ts'
import { buildExit } from './build-exit.ts'
import {
  chooseIdentity,
  chooseName,
  type IdentityOptions,
  readInput,
  requireCache,
  requireOutput,
  requireSource,
} from './build-input.ts'
import { CommandFailed } from './command-failed.ts'
import { exitCode } from './exit-code.ts'
import { print, progress } from './output.ts'

interface BuildOptions extends IdentityOptions {
  readonly source?: string
  readonly patch?: string
  readonly base?: string
  readonly fix?: string
  readonly json?: boolean
}

const EXAMPLES = `
The source is compiled unpatched and proven equal, function by function, to the base; then what the patch
touches is compiled again and compared. The first build of a source takes a minute or two, later ones
seconds. Name, advisory, CVEs and title are those that the patch gives, unless they are said here.

Examples:
  $ reweave source fetch xen=4.17.5+72-g01140da4e8-1
  $ reweave build --source .reweave/sources/xen-4.17.5+72-g01140da4e8-1 --patch xsa506.patch \\
      --base 39a640e6f1412319235087391df9f1c5e13ae920 --out xsa-506.hotfix
  $ reweave build --source DIR --patch xsa486.patch --base xen-syms --out xsa-486.hotfix --json
  $ reweave build --fix fixes/xsa-506.yaml --out xsa-506-by-hand.hotfix
`

/** `reweave build`: a hotfix out of a source patch, or out of a fix written by hand. */
export function buildCommand(): Command {
  return new Command('build')
    .description('build a hotfix from a source patch, proven against the build that runs')
    .option('--source <dir>', "the hypervisor's source, as reweave source fetch leaves it")
    .option(
      '--patch <file>',
      'the patch, or a series in one file, for exactly this source',
      onlyOne,
    )
    .option('--base <file|build-id>', "the running build's xen-syms, or its build-id")
    .option('--fix <file>', 'instead of a source: a fix file, written by hand')
    .requiredOption('--out <file>', 'where the hotfix goes')
    .option('--name <name>', "the hotfix's name (default: from --out)")
    .option('--advisory <id>', 'the advisory that it answers (default: from the patch)')
    .option('--title <text>', 'one line (default: from the patch)')
    .option(
      '--probe <name>',
      "a probe that tells whether the hole is open (default: the advisory's)",
    )
    .option('--side-by-side <why>', 'why old and new code may run at the same time, for DMA')
    .option('--lab-only', 'the patch opens a hole: for laboratories')
    .option('--json', 'print the report for programs')
    .addHelpText('after', EXAMPLES)
    .action(async (options: BuildOptions) => {
      if (options.fix === undefined) await buildFromSource(options)
      else bundleFix(options.fix, options)
    })
}

// The last of several would be taken, and a part of the fix for the whole.
function onlyOne(file: string, before: string | undefined): string {
  if (before === undefined) return file
  const message =
    `Cannot take --patch ${file} besides ${before}: put the patches into one file, in their order ` +
    '(cat 1.patch 2.patch > all.patch)'
  throw new CommandFailed('usage', message, { found: [before, file] })
}

async function buildFromSource(options: BuildOptions): Promise<void> {
  const { source: directory, patch: file, base, out } = options
  if (directory === undefined || file === undefined || base === undefined) {
    throw new CommandFailed('usage', 'Wanted --source, --patch and --base, or --fix instead')
  }
  // What costs nothing to check comes first.
  chooseName(options)
  requireOutput(out, [file, base])
  // Latin-1 keeps every byte of a patch as it is, whatever its files are written in.
  const text = readInput(file, 'badPatch').toString('latin1')
  const patchFile = printable(path.basename(file)).slice(0, BUNDLE_LIMITS.textLength)
  const said = readPatchIdentity(Buffer.from(text, 'latin1').toString('utf8'))
  const identity = chooseIdentity(options, said, patchFile)
  const source = requireSource(directory)
  const { image, version } = await openBase(base, progress)
  const cacheDirectory = buildCacheDirectory()
  requireCache(cacheDirectory)
  const { report, bundle } = await buildHotfix({
    ...identity,
    source,
    patch: { file: patchFile, text },
    image,
    baseVersion: version,
    cacheDirectory,
    sha256,
    progress,
  })
  finish(options, report, bundle)
}

function bundleFix(file: string, options: BuildOptions): void {
  const needless = NOT_WITH_FIX.filter((option) => options[option] !== undefined)
  if (needless.length > 0) {
    const named = needless.map(
      (option) => `--${option.replace(/[A-Z]/g, (s) => `-${s.toLowerCase()}`)}`,
    )
    const message = `A fix file says all of itself: leave out ${named.join(', ')}, or --fix`
    throw new CommandFailed('usage', message, { found: named })
  }
  requireOutput(options.out, [file])
  const begun = performance.now()
  const text = readInput(file, 'badFix').toString('utf8')
  const outcome = bundleWrittenFix(text, { reweave: REWEAVE_VERSION, sha256 })
  if (outcome.kind === 'refused') {
    const lines = outcome.problems.map(
      ({ line, column, sentence }) => `  ${file}:${line}:${column}: ${sentence}`,
    )
    const message = [`${file} is no valid fix; nothing was written`, ...lines].join('\n')
    throw new CommandFailed('badFix', message, { file, problems: outcome.problems })
  }
  const { bundle } = outcome
  finish(options, reportOfFix(bundle, (performance.now() - begun) / 1000), bundle)
}

/** Writes the bundle if there is one, prints the report, and sets the exit. */
function finish(options: BuildOptions, report: BuildReport, bundle: Bundle | undefined): void {
  const { out: file, json } = options
  if (bundle !== undefined) writeWhole(file, bundle.bytes)
  const hotfix = bundle && { file, bytes: bundle.bytes.length, sha256: bundle.digest }
  const whole: BuildReport = { ...report, hotfix }
  print(json === true, whole, renderBuildReport(whole))
  process.exitCode = exitCode(buildExit(report))
}

/** What only a build from source asks for. */
const NOT_WITH_FIX = [
  'source',
  'patch',
  'base',
  'name',
  'advisory',
  'title',
  'probe',
  'sideBySide',
  'labOnly',
] as const satisfies readonly (keyof BuildOptions)[]

/** Either the whole file is there, or what was there before. */
function writeWhole(file: string, bytes: Uint8Array): void {
  const part = `${file}.${process.pid}.part`
  try {
    writeFileSync(part, bytes)
    renameSync(part, file)
  } catch (error) {
    rmSync(part, { force: true })
    const reason = error instanceof Error ? error.message : String(error)
    throw new CommandFailed('usage', `Cannot write ${file}: ${reason}`, { file })
  }
}
