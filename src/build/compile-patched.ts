/**
 * Compiling again what a patch touches.
 *
 * @module
 */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { runBuildCommand } from '../workshop/build-command.ts'
import { keepsOffsets } from './assembler-offsets.ts'
import type { Baseline } from './baseline.ts'
import { type BaselineEntry, readBaselineEntry } from './baseline-entry.ts'
import { type BuildIndex, readBuildIndex } from './build-index.ts'
import { makeXen } from './compiled-tree.ts'
import { compileErrors } from './compile-errors.ts'
import { editsInit } from './init-edits.ts'
import { keepLineNumbers } from './line-directives.ts'
import type { PlannedObject } from './link-plan.ts'
import { linkSources } from './link-sources.ts'
import type { ObjectPair, PatchedBuild } from './patched-build.ts'
import type { AppliedPatch, PatchedFile } from './patched-file.ts'
import { runSteps } from './run-steps.ts'
import { withWorkDirectory } from './work-directory.ts'

export interface CompileOptions {
  readonly baseline: Baseline
  readonly patch: AppliedPatch
  readonly cacheDirectory: string
  readonly progress: (line: string) => void
}

/**
 * The objects that the patch touches, before and after it. The baseline is not written to.
 *
 * Line numbers stand still: see `keepLineNumbers`. An object is compiled again where it read a
 * touched file, whether or not it comes out different.
 */
export async function compilePatched(options: CompileOptions): Promise<PatchedBuild> {
  const { baseline, patch, cacheDirectory, progress } = options
  const entry = readBaselineEntry(baseline.directory)
  const index = readBuildIndex(path.join(baseline.directory, 'xen'))
  if (index === undefined) throw new Error(`Cannot read the commands in ${baseline.directory}`)
  return await withWorkDirectory(cacheDirectory, async (directory) => {
    const build = { baseline, patch, entry, index, directory, progress }
    if (needsMake(patch.files, index)) return await byMake(build)
    writeSources(build)
    if (!(await movesOffsets(build))) return await byCommands(build)
    rmSync(path.join(directory, 'xen'), { recursive: true })
    return await byMake(build)
  })
}

interface Build {
  readonly baseline: Baseline
  readonly patch: AppliedPatch
  readonly entry: BaselineEntry
  readonly index: BuildIndex
  /** To work in. */
  readonly directory: string
  readonly progress: (line: string) => void
}

/**
 * Whether more than objects is made from what is touched: then only Xen's make knows the way.
 *
 * The offsets that assembler code is told do not count: they can be looked at.
 */
// Public headers are named here since the steps that make compat headers of them save no sources.
export function needsMake(files: readonly PatchedFile[], index: BuildIndex): boolean {
  return files.some(({ path: file, before, after }) => {
    if (before === undefined || after === undefined || !/\.[ch]$/.test(file)) return true
    return isPublic(file) || index.generatorInputs.has(inXen(file))
  })
}

/** The sources as the patch leaves them, in the directory to work in. */
function writeSources({ baseline, patch, directory }: Build): void {
  linkSources(baseline.directory, directory, new Set(patch.files.map((file) => file.path)))
  for (const file of patch.files) writePatched(directory, file, true)
}

/** Whether `asm-offsets.h` would come out different, and with it what only reads that. */
async function movesOffsets(build: Build): Promise<boolean> {
  const { baseline, patch, entry, index, directory, progress } = build
  if (!patch.files.some((file) => index.offsetInputs.has(inXen(file.path)))) return false
  progress('Looking whether offsets move that assembler code is told')
  const { builtIn } = entry
  return !(await keepsOffsets(index, { directory, builtIn, baseline: baseline.directory }))
}

async function byCommands(build: Build): Promise<PatchedBuild> {
  const { patch, entry, index, directory, progress } = build
  const touched = new Set(patch.files.map((file) => inXen(file.path)))
  const objects = index.objects.filter(({ dependencies }) => !touched.isDisjointFrom(dependencies))
  progress(`Compiling ${objects.length} of ${index.objects.length} objects again`)
  const steps = { commands: index.commands, directory, builtIn: entry.builtIn }
  const failed = await runSteps(objects, steps)
  if (failed === undefined) {
    return { kind: 'compiled', pairs: pairsOf(objects, build), way: 'commands' }
  }
  // Once more without directives, so that the errors name the lines of the patched file.
  for (const file of patch.files) writePatched(directory, file, false)
  const complaints = (await runSteps([failed.object], steps))?.complaints ?? failed.complaints
  return doesNotCompile(complaints)
}

async function byMake(build: Build): Promise<PatchedBuild> {
  const { baseline, patch, entry, directory, progress } = build
  progress('Copying the compiled hypervisor')
  const from = `${baseline.directory}/.`
  await runBuildCommand('cp', ['--archive', '--reflink=auto', from, directory])
  // The baseline may be from a time that this clock has not reached: make would leave objects alone
  // whose sources are newer, and older by their dates.
  const date = `--date=@${UNTOUCHED_SECONDS}`
  await runBuildCommand('find', [directory, '-exec', 'touch', '--no-dereference', date, '{}', '+'])
  for (const file of patch.files) writePatched(directory, file, true)
  progress("Compiling again what the patch touches, by Xen's make")
  // The flags as they were, with the name of another directory: make compiles again whatever has
  // other flags. That name is only in debug information.
  const { extraFlags } = entry
  const settings = { make: entry.make, environment: entry.environment }
  const outcome = await makeXen({ directory, settings, extraFlags, progress }, 'xen')
  if (outcome.kind === 'failed') return doesNotCompile(outcome.complaints)
  const index = readBuildIndex(path.join(directory, 'xen'))
  const objects = (index?.objects ?? []).filter(({ name }) => isNewer(name, build))
  const kept = new Set(index?.objects.map(({ name }) => name))
  const gone = build.index.objects.filter(({ name }) => !kept.has(name))
  return { kind: 'compiled', pairs: pairsOf([...objects, ...gone], build), way: 'make' }
}

function doesNotCompile(complaints: string): PatchedBuild {
  const lastWords = complaints.split('\n').slice(-12)
  return { kind: 'does-not-compile', errors: compileErrors(complaints), lastWords }
}

/** Long ago: the date of every file of a copied tree that nobody has made since. */
const UNTOUCHED_SECONDS = 1_000_000_000

/** Whether an object in the copied tree was made since the copy. */
function isNewer(name: string, { directory }: Build): boolean {
  return statSync(path.join(directory, 'xen', name)).mtimeMs !== UNTOUCHED_SECONDS * 1000
}

function isCompiled(file: string): boolean {
  return file.endsWith('.c')
}

function pairsOf(objects: readonly PlannedObject[], build: Build): readonly ObjectPair[] {
  const read = (top: string, name: string): Uint8Array | undefined => {
    const file = path.join(top, 'xen', name)
    return existsSync(file) ? readFileSync(file) : undefined
  }
  const edited = build.patch.files.filter(editsInit).map((file) => inXen(file.path))
  const sources = build.patch.files.map((file) => inXen(file.path)).filter(isCompiled)
  return objects.map(({ name, source, isAssembler, dependencies }) => ({
    name,
    source,
    isAssembler,
    // Of objects so named the build makes all code that of boot, whatever is marked.
    editsInit: (name.endsWith('.init.o') ? [...edited, ...sources] : edited).some((file) =>
      dependencies.has(file),
    ),
    before: read(build.baseline.directory, name),
    after: read(build.directory, name),
  }))
}

function writePatched(directory: string, file: PatchedFile, keepNumbers: boolean): void {
  const target = path.join(directory, file.path)
  // Never through a link into the cache.
  rmSync(target, { force: true })
  if (file.after === undefined) return
  mkdirSync(path.dirname(target), { recursive: true })
  const text =
    keepNumbers && takesDirectives(file) ? keepLineNumbers(file.after, file.changes) : file.after
  writeFileSync(target, text, 'latin1')
}

/** Public headers are also read by scripts, and assembler has other comments than C. */
function takesDirectives({ path: file, before }: PatchedFile): boolean {
  return before !== undefined && /\.[ch]$/.test(file) && !isPublic(file)
}

function isPublic(file: string): boolean {
  return file.startsWith('xen/include/public/')
}

function inXen(file: string): string {
  return file.replace(/^xen\//, '')
}
