import { spawn } from 'node:child_process'
import path from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import type { BuildReport } from '../../../src/build/build-report.ts'

const MAIN = path.resolve(import.meta.dirname, '../../../src/cli/main.ts')

/** What `reweave build … --json` prints: its report, or why there was none. */
export type BuildJson = Partial<BuildReport> & {
  readonly error?: string
  readonly message?: string
}

export interface BuildAnswer {
  readonly exit: number | null
  readonly json: BuildJson
  readonly stderr: string
}

/** Runs `reweave build` as a user does, from this checkout, and gives what programs read. */
export async function reweaveBuild(args: readonly string[]): Promise<BuildAnswer> {
  const child = spawn(process.execPath, [MAIN, 'build', ...args, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [stdout, stderr, exit] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    closed,
  ])
  if (stdout === '') throw new Error(`'reweave build ${args.join(' ')}' said nothing: ${stderr}`)
  return { exit, json: JSON.parse(stdout) as BuildJson, stderr }
}
