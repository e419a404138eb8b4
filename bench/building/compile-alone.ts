import path from 'node:path'
import { readBaselineEntry } from '../../src/build/baseline-entry.ts'
import { readBuildIndex } from '../../src/build/build-index.ts'
import { linkSources } from '../../src/build/link-sources.ts'
import { runSteps } from '../../src/build/run-steps.ts'
import { withWorkDirectory } from '../../src/build/work-directory.ts'
import type { BuildUnderTest } from './build-under-test.ts'

/** A tree of sources in which the objects of a build can be compiled again and again. */
export interface CompileAlone {
  /** Runs the compiler's commands, as many at a time as there are CPUs, and nothing else. */
  readonly run: () => Promise<void>
}

/** Makes such a tree of the unpatched sources, for the time that `work` takes. */
export async function withCompileAlone<Result>(
  { baseline, pairs }: BuildUnderTest,
  cacheDirectory: string,
  work: (alone: CompileAlone) => Promise<Result>,
): Promise<Result> {
  const index = readBuildIndex(path.join(baseline.directory, 'xen'))
  if (index === undefined) throw new Error(`Cannot read the commands in ${baseline.directory}`)
  const names = new Set(pairs.map(({ name }) => name))
  const objects = index.objects.filter(({ name }) => names.has(name))
  const { builtIn } = readBaselineEntry(baseline.directory)
  return await withWorkDirectory(cacheDirectory, async (directory) => {
    linkSources(baseline.directory, directory, new Set())
    const run = async (): Promise<void> => {
      const failed = await runSteps(objects, { commands: index.commands, directory, builtIn })
      if (failed !== undefined) throw new Error(failed.complaints)
    }
    return await work({ run })
  })
}
