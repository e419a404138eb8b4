/**
 * Finding the compiler that made a build.
 *
 * @module
 */
import { findProgram } from '../debian/required-packages.ts'
import { runBuildCommand } from '../workshop/build-command.ts'
import type { BaselineRefusal } from './baseline-refusal.ts'

export interface Compiler {
  /** For make's `CC`. */
  readonly program: string
  /** The first line that it says of itself. */
  readonly version: string
}

export type ChosenCompiler =
  | { readonly kind: 'chosen'; readonly compiler: Compiler }
  | { readonly kind: 'refused'; readonly refusal: BaselineRefusal }

/**
 * The compiler of that version line, under the name that the line begins with.
 *
 * Without a line, `fallback` is taken whatever it is: the proof of the baseline decides then.
 */
export async function chooseCompiler(
  wanted: string | undefined,
  fallback: string,
): Promise<ChosenCompiler> {
  const [named = fallback] = wanted?.split(' ') ?? []
  const program = [named, fallback, 'gcc'].find((name) => findProgram(name) !== undefined)
  if (program === undefined) {
    const refusal = { kind: 'compiler-missing', program: named, wanted: wanted ?? named } as const
    return { kind: 'refused', refusal }
  }
  const said = await runBuildCommand(program, ['--version'])
  const [found = ''] = said.split('\n')
  if (wanted !== undefined && withoutName(found) !== withoutName(wanted)) {
    return { kind: 'refused', refusal: { kind: 'other-compiler', found, wanted } }
  }
  return { kind: 'chosen', compiler: { program, version: found } }
}

/** Debian's gcc is one file under several names, and says the one that it was called by. */
function withoutName(line: string): string {
  return line.replace(/^\S+ /, '')
}
