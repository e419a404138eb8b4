/**
 * Compiling a whole source in a directory of its own.
 *
 * @module
 */
import { existsSync, mkdirSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { BuildFailed, runBuildCommand } from '../workshop/build-command.ts'
import type { MakeVariables } from './debian-make-variables.ts'
import { INHERITED, makeArguments } from './make-settings.ts'
import { BUILD_INPUTS } from './source-content.ts'

/** Copies what the hypervisor is built from; blocks are shared where the file system can. */
export async function copyBuildInputs(from: string, to: string): Promise<void> {
  mkdirSync(to, { recursive: true })
  const inputs = BUILD_INPUTS.filter((input) => existsSync(path.join(from, input)))
  const files = inputs.map((input) => path.join(from, input))
  await runBuildCommand('cp', ['--archive', '--reflink=auto', ...files, to])
}

export interface MakeRun {
  /** Holds `xen/`. */
  readonly directory: string
  readonly settings: MakeVariables
  /** `EXTRA_CFLAGS_XEN_CORE` */
  readonly extraFlags: string
  readonly progress: (line: string) => void
}

export type MakeOutcome =
  | { readonly kind: 'made' }
  | { readonly kind: 'failed'; readonly complaints: string }

/** How many objects between two lines of progress. */
const STEP = 50

/** Runs Xen's make until everything is compiled and linked. */
export async function makeXen(run: MakeRun, target: 'olddefconfig' | 'xen'): Promise<MakeOutcome> {
  const { directory, settings, extraFlags, progress } = run
  let compiled = 0
  const onLine = (line: string): void => {
    if (!/^\s*(?:CC|AS)\s/.test(line)) return
    compiled += 1
    if (compiled % STEP === 0) progress(`Compiling Xen: ${compiled} files`)
  }
  const args = [
    '-C',
    path.join(directory, 'xen'),
    `-j${os.availableParallelism()}`,
    target,
    ...makeArguments({ ...settings.make, EXTRA_CFLAGS_XEN_CORE: extraFlags }),
  ]
  try {
    const { environment } = settings
    await runBuildCommand('make', args, { inherit: INHERITED, environment, onLine })
    return { kind: 'made' }
  } catch (error) {
    if (!(error instanceof BuildFailed)) throw error
    return { kind: 'failed', complaints: error.complaints }
  }
}
