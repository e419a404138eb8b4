/**
 * The offsets of structure members that Xen's assembler code is told.
 *
 * Make compiles `asm-offsets.c` to text and takes `asm-offsets.h` out of its marked lines
 * (xen/build.mk). Hundreds of objects read that header, which few patches change.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { BuildFailed } from '../workshop/build-command.ts'
import type { BuildIndex } from './build-index.ts'
import { runInTree, type StepOptions } from './run-steps.ts'

const KEPT = 'asm-offsets.s'
const MADE = 'asm-offsets.s.new'

/**
 * Whether the sources in `options.directory` give the offsets that `baseline` was built with.
 *
 * False also where that cannot be told: where they do not compile, or no saved command is a model.
 */
export async function keepsOffsets(
  index: BuildIndex,
  options: Pick<StepOptions, 'directory' | 'builtIn'> & { readonly baseline: string },
): Promise<boolean> {
  const command = offsetsCommand(index)
  if (command === undefined) return false
  try {
    await runInTree(command, options)
  } catch (error) {
    if (!(error instanceof BuildFailed)) throw error
    return false
  }
  const before = readFileSync(path.join(options.baseline, 'xen', KEPT), 'latin1')
  const after = readFileSync(path.join(options.directory, 'xen', MADE), 'latin1')
  return markedLines(before) === markedLines(after)
}

/** No release saves the command of this step: it is that of any C object with another end. */
function offsetsCommand({ objects, commands, offsetInputs }: BuildIndex): string | undefined {
  const input = [...offsetInputs].find((file) => path.basename(file) === 'asm-offsets.c')
  if (input === undefined) return undefined
  for (const { steps } of objects) {
    for (const step of steps) {
      const { command = '', source = '' } = commands.get(step) ?? {}
      const end = command.indexOf(` -c ${source} -o `)
      if (end < 0 || !source.endsWith('.c')) continue
      return `${command.slice(0, end)} -S -g0 -o ${MADE} ${input}`
    }
  }
  return undefined
}

/** Those that become the header; what else the compiler writes is not used. */
function markedLines(text: string): string {
  return text
    .split('\n')
    .filter((line) => /^[^#].*==>/.test(line))
    .join('\n')
}
