/**
 * Running the commands that a build saved, in another directory.
 *
 * @module
 */
import os from 'node:os'
import path from 'node:path'
import { BuildFailed, runBuildCommand } from '../workshop/build-command.ts'
import { INHERITED } from './make-settings.ts'
import type { PlannedObject } from './link-plan.ts'
import type { SavedCommand } from './saved-command.ts'

export interface StepOptions {
  readonly commands: ReadonlyMap<string, SavedCommand>
  /** Holds `xen/`, in which the commands run. */
  readonly directory: string
  /** The directory that the commands name. */
  readonly builtIn: string
}

export interface FailedStep {
  readonly object: PlannedObject
  readonly complaints: string
}

/** Makes these objects, as many at a time as there are CPUs. Gives the first failure. */
export async function runSteps(
  objects: readonly PlannedObject[],
  options: StepOptions,
): Promise<FailedStep | undefined> {
  const waiting = [...objects]
  let failed: FailedStep | undefined
  const work = async (): Promise<void> => {
    for (let object = waiting.shift(); object !== undefined; object = waiting.shift()) {
      if (failed !== undefined) return
      const complaints = await makeObject(object, options)
      if (complaints !== undefined) failed ??= { object, complaints }
    }
  }
  await Promise.all(Array.from({ length: os.availableParallelism() }, work))
  return failed
}

/** What went wrong, or undefined. */
async function makeObject(
  object: PlannedObject,
  options: StepOptions,
): Promise<string | undefined> {
  for (const step of object.steps) {
    const saved = options.commands.get(step)
    if (saved === undefined) return `no saved command makes ${step}`
    try {
      await runStep(saved, options)
    } catch (error) {
      if (!(error instanceof BuildFailed)) throw error
      return error.complaints
    }
  }
  return undefined
}

async function runStep(saved: SavedCommand, options: StepOptions): Promise<void> {
  await runInTree(saved.command, options)
  await nameSourceFile(saved, path.join(options.directory, 'xen'))
}

/** Runs what a build saved, or something like it. @throws BuildFailed */
export async function runInTree(
  saved: string,
  options: Pick<StepOptions, 'directory' | 'builtIn'>,
): Promise<void> {
  const command = saved.replaceAll(options.builtIn, options.directory)
  const directory = path.join(options.directory, 'xen')
  await runBuildCommand('sh', ['-c', command], { directory, inherit: INHERITED })
}

/**
 * The step behind the compiler that the build does not save.
 *
 * With `CONFIG_ENFORCE_UNIQUE_SYMBOLS` Xen compiles to `.NAME.o.tmp` and has objcopy write the
 * source's whole path into the object's file symbol (xen/Rules.mk, rule_cc_o_c).
 */
async function nameSourceFile(saved: SavedCommand, xen: string): Promise<void> {
  const { target, source } = saved
  const { dir, base } = path.parse(target)
  const made = path.join(dir, `.${base}.tmp`)
  if (source === undefined || !saved.command.split(/\s+/).includes(made)) return
  const rename = `${path.basename(source)}=${source}`
  await runBuildCommand('objcopy', ['--redefine-sym', rename, made, target], { directory: xen })
}
