import { existsSync, mkdirSync, statfsSync } from 'node:fs'
import path from 'node:path'
import { requirePackages } from '../debian/required-packages.ts'
import { cacheKey, findOrBuild } from '../workshop/build-cache.ts'
import { runBuildCommand } from '../workshop/build-command.ts'
import type { Baseline } from './baseline.ts'
import { BASELINE_FORMAT, writeBaselineEntry } from './baseline-entry.ts'
import type { BaselineRefusal } from './baseline-refusal.ts'
import { readBuildIndex } from './build-index.ts'
import type { BuildTarget } from './build-target.ts'
import { BUILD_TOOLS } from './build-tools.ts'
import { copyBuildInputs, makeXen } from './compiled-tree.ts'
import { type Compiler, chooseCompiler } from './compiler.ts'
import type { MakeVariables } from './debian-make-variables.ts'
import { LINK_ROOT } from './link-plan.ts'
import { extraCompilerFlags, makeSettings } from './make-settings.ts'
import type { SourceTree } from './source-tree.ts'

export interface BaselineOptions {
  readonly source: SourceTree
  /** What the base image says of its own making. */
  readonly target: BuildTarget
  /** `buildCacheDirectory()`, but for tests. */
  readonly cacheDirectory: string
  readonly progress: (line: string) => void
}

export type PreparedBaseline =
  | { readonly kind: 'prepared'; readonly baseline: Baseline }
  | { readonly kind: 'refused'; readonly refusal: BaselineRefusal }

/** A compiled tree of Xen 4.17 has 300 MiB. */
const NEEDED_BYTES = 512 * 2 ** 20

/**
 * Compiles the unpatched source as its distribution does, or finds that done in the cache.
 *
 * What is compiled is as good as the proof that it equals the base; that is not made here. Of
 * several processes one compiles and the others wait. One that is killed leaves nothing that
 * would be taken for finished.
 */
export async function prepareBaseline(options: BaselineOptions): Promise<PreparedBaseline> {
  const { source, target, cacheDirectory, progress } = options
  const refusal = refuseSource(source, target) ?? (await requirePackages(BUILD_TOOLS, progress))
  if (refusal !== undefined) return { kind: 'refused', refusal }
  const fallback = source.record?.make['CC'] ?? 'gcc'
  const chosen = await chooseCompiler(target.compiler, fallback)
  if (chosen.kind === 'refused') return chosen
  const { compiler } = chosen
  const settings = makeSettings(source, compiler.program)
  const key = await baselineKey(source, compiler, settings)
  const finished = path.join(cacheDirectory, `baseline-${key}`)
  const cached = existsSync(finished)
  if (!cached) {
    const lacking = refuseDirectory(cacheDirectory)
    if (lacking !== undefined) return { kind: 'refused', refusal: lacking }
    mkdirSync(cacheDirectory, { recursive: true })
    try {
      const entry = { directory: cacheDirectory, name: 'baseline', key, progress }
      await findOrBuild(entry, async (part) => {
        progress(`Compiling Xen ${source.packageVersion ?? source.version}, unpatched (once)`)
        await compileBaseline(source, settings, part, progress)
      })
    } catch (error) {
      if (error instanceof BaselineRefused) return { kind: 'refused', refusal: error.refusal }
      throw error
    }
  }
  const index = readBuildIndex(path.join(finished, 'xen'))
  if (index === undefined) return unknownLayout()
  const { objects } = index
  const version = compiler.version
  return {
    kind: 'prepared',
    baseline: { key, source, directory: finished, compiler: version, objects, cached },
  }
}

async function compileBaseline(
  source: SourceTree,
  settings: MakeVariables,
  part: string,
  progress: (line: string) => void,
): Promise<void> {
  await copyBuildInputs(source.directory, part)
  const extraFlags = extraCompilerFlags(part)
  const run = { directory: part, settings, extraFlags, progress }
  for (const target of ['olddefconfig', 'xen'] as const) {
    const outcome = await makeXen(run, target)
    if (outcome.kind === 'made') continue
    const lastWords = outcome.complaints.split('\n').slice(-12)
    const { directory } = source
    throw new BaselineRefused({ kind: 'source-does-not-compile', directory, lastWords })
  }
  if (readBuildIndex(path.join(part, 'xen')) === undefined) {
    throw new BaselineRefused(unknownLayout().refusal)
  }
  const { make, environment } = settings
  writeBaselineEntry(part, {
    format: BASELINE_FORMAT,
    builtIn: part,
    extraFlags,
    make: { ...make },
    environment: { ...environment },
  })
}

/** Carries a refusal out of the cache's build, which keeps nothing then. */
class BaselineRefused extends Error {
  readonly code = 'baseline-refused'
  readonly refusal: BaselineRefusal

  constructor(refusal: BaselineRefusal) {
    super(refusal.kind)
    this.refusal = refusal
  }
}

function unknownLayout(): { readonly kind: 'refused'; readonly refusal: BaselineRefusal } {
  return {
    kind: 'refused',
    refusal: { kind: 'unknown-build-layout', missing: `.${LINK_ROOT}.cmd` },
  }
}

/** Whether the source says that it is of another version than the base, as far as both say it. */
export function refuseSource(source: SourceTree, target: BuildTarget): BaselineRefusal | undefined {
  const pairs = [
    [source.version, target.version],
    [source.packageVersion, target.packageVersion],
  ] as const
  for (const [found, wanted] of pairs) {
    if (found !== undefined && wanted !== undefined && found !== wanted) {
      return { kind: 'source-other-version', found, wanted }
    }
  }
  return undefined
}

/** What goes into make's command line may hold nothing that make or a shell would read. */
function refuseDirectory(directory: string): BaselineRefusal | undefined {
  const found = /[^\w./+%@~,-]/.exec(directory)?.[0]
  if (found !== undefined) return { kind: 'path-not-buildable', directory, found }
  let existing = directory
  while (!existsSync(existing)) existing = path.dirname(existing)
  const { bavail, bsize } = statfsSync(existing)
  const foundBytes = bavail * bsize
  if (foundBytes >= NEEDED_BYTES) return undefined
  return { kind: 'too-little-space', directory, wantedBytes: NEEDED_BYTES, foundBytes }
}

async function baselineKey(
  source: SourceTree,
  compiler: Compiler,
  settings: MakeVariables,
): Promise<string> {
  const linker = await runBuildCommand(settings.make['LD'] ?? 'ld', ['--version'])
  const [linkerVersion = ''] = linker.split('\n')
  return cacheKey([
    String(BASELINE_FORMAT),
    source.contentKey,
    compiler.version,
    linkerVersion,
    JSON.stringify(settings),
  ])
}
