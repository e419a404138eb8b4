import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Command } from 'commander'
import { buildCacheDirectory } from '../build/build-directory.ts'
import { buildHotfix } from '../build/build-hotfix.ts'
import { type BuildReport, renderBuildReport } from '../build/build-report.ts'
import { openSource } from '../build/open-source.ts'
import { type PatchIdentity, readPatchIdentity } from '../build/patch-identity.ts'
import { describeSourceRefusal } from '../build/source-refusal.ts'
import type { SourceTree } from '../build/source-tree.ts'
import { PROBES } from '../host/probes.ts'
import { sha256 } from '../host/sha256.ts'
import { REWEAVE_VERSION } from '../hotfix/reweave-version.ts'
import { NAME, TITLE } from '../hotfix/text-shapes.ts'
import { bundleWrittenFix } from '../hotfix/write-bundle.ts'
import { openBase } from './base-image.ts'
import { CommandFailed } from './command-failed.ts'
import { exitCode, type ExitName } from './exit-code.ts'
import { print, progress } from './output.ts'

interface BuildOptions {
  readonly source?: string
  readonly patch?: string
  readonly base?: string
  readonly fix?: string
  readonly out: string
  readonly name?: string
  readonly advisory?: string
  readonly title?: string
  readonly probe?: string
  readonly sideBySide?: string
  readonly labOnly?: boolean
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
    .option('--patch <file>', 'the patch, for exactly this source')
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

async function buildFromSource(options: BuildOptions): Promise<void> {
  const { source: directory, patch: file, base } = options
  if (directory === undefined || file === undefined || base === undefined) {
    throw new CommandFailed('usage', 'Wanted --source, --patch and --base, or --fix instead')
  }
  const source = requireSource(directory)
  // Latin-1 keeps every byte of a patch as it is, whatever its files are written in.
  const text = readInput(file, 'badPatch').toString('latin1')
  const { image, version } = await openBase(base, progress)
  const said = readPatchIdentity(Buffer.from(text, 'latin1').toString('utf8'))
  const advisory = options.advisory ?? said.advisory
  const { report, bundle } = await buildHotfix({
    source,
    patch: { file: path.basename(file), text },
    image,
    baseVersion: version,
    name: nameOf(options),
    advisory,
    cves: said.cves,
    title: titleOf(options, said, file),
    probe: options.probe ?? PROBES.find((probe) => probe.advisory === advisory)?.name,
    labOnly: options.labOnly === true,
    sideBySide: options.sideBySide,
    cacheDirectory: buildCacheDirectory(),
    sha256,
    progress,
  })
  if (bundle !== undefined) writeWhole(options.out, bundle.bytes)
  const hotfix = bundle && {
    file: options.out,
    bytes: bundle.bytes.length,
    sha256: bundle.digest,
  }
  const whole: BuildReport = { ...report, hotfix }
  print(options.json === true, whole, renderBuildReport(whole))
  process.exitCode = exitCode(exitOf(report))
}

/** The end that a report stands for: the first of its reasons decides among those of one verdict. */
export function exitOf({ verdict, reasons }: Pick<BuildReport, 'verdict' | 'reasons'>): ExitName {
  const kind = reasons[0]?.kind ?? ''
  switch (verdict) {
    case 'built':
      return 'ok'
    case 'does-not-apply':
      return PATCH_EXITS[kind] ?? 'doesNotApply'
    case 'baseline-differs':
      return BASELINE_EXITS[kind] ?? 'baselineDiffers'
    case 'refused':
      return REFUSED_EXITS[kind] ?? 'cannotPatch'
  }
}

const PATCH_EXITS: Readonly<Record<string, ExitName>> = {
  'applies-only-with-fuzz': 'onlyWithFuzz',
  'patch-malformed': 'badPatch',
  'patch-not-supported': 'badPatch',
  'patch-empty': 'badPatch',
  'path-outside': 'badPatch',
}

const BASELINE_EXITS: Readonly<Record<string, ExitName>> = {
  'other-compiler': 'otherCompiler',
  'compiler-missing': 'otherCompiler',
  'source-other-version': 'otherSource',
  'tools-missing': 'sourceRefused',
  'too-little-space': 'sourceRefused',
  'unknown-build-layout': 'sourceRefused',
  'source-does-not-compile': 'sourceRefused',
}

const REFUSED_EXITS: Readonly<Record<string, ExitName>> = {
  'touches-no-hypervisor': 'nothingToPatch',
  'not-in-this-build': 'nothingToPatch',
  'nothing-replaced': 'nothingToPatch',
  'needs-rebuilt-tool': 'needsTool',
  'does-not-compile': 'doesNotCompile',
}

function bundleFix(file: string, options: BuildOptions): void {
  const text = readInput(file, 'badFix').toString('utf8')
  const outcome = bundleWrittenFix(text, { reweave: REWEAVE_VERSION, sha256 })
  if (outcome.kind === 'refused') {
    const lines = outcome.problems.map(
      ({ line, column, sentence }) => `  ${file}:${line}:${column}: ${sentence}`,
    )
    const message = [`${file} is no valid fix; nothing was written`, ...lines].join('\n')
    throw new CommandFailed('badFix', message, { file, problems: outcome.problems })
  }
  const { bytes, digest, manifest } = outcome.bundle
  writeWhole(options.out, bytes)
  const hotfix = { file: options.out, bytes: bytes.length, sha256: digest }
  const value = { verdict: 'built', name: manifest.name, hotfix }
  print(options.json === true, value, `${manifest.name}: ${options.out}, ${bytes.length} bytes`)
}

function requireSource(directory: string): SourceTree {
  const opened = openSource(directory)
  if (opened.kind === 'opened') return opened.source
  const { refusal } = opened
  throw new CommandFailed('sourceRefused', describeSourceRefusal(refusal), { refusal })
}

function readInput(file: string, exit: ExitName): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CommandFailed(exit, `Cannot read ${file}: ${reason}`, { file })
  }
}

/** `xsa-506` of `out/xsa-506.hotfix`, unless a name was given. */
function nameOf({ name, out }: BuildOptions): string {
  const chosen = name ?? path.basename(out, '.hotfix').toLowerCase()
  if (NAME.pattern?.test(chosen) === true && chosen.length <= NAME.longest) return chosen
  throw new CommandFailed(
    'usage',
    `'${chosen}' is no name for a hotfix: wanted ${NAME.wanted}; give one with --name`,
    { found: chosen },
  )
}

function titleOf(options: BuildOptions, said: PatchIdentity, file: string): string {
  const title = options.title ?? said.title ?? `built from ${path.basename(file)}`
  return title.slice(0, TITLE.longest)
}

/** Either the whole file is there, or what was there before. */
function writeWhole(file: string, bytes: Uint8Array): void {
  const part = `${file}.${process.pid}.part`
  try {
    writeFileSync(part, bytes)
    renameSync(part, file)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CommandFailed('usage', `Cannot write ${file}: ${reason}`, { file })
  }
}
