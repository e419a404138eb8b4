/**
 * Commands of Reweave, one after another in one process: `commands`.
 *
 * Reads one JSON list of arguments a line, and prints for each `{ exit, stdout, stderr }` on a
 * line. For tests that run a command so often that starting Node each time would take too long.
 *
 * @module
 */
import process from 'node:process'
import { createInterface } from 'node:readline'
import { Command } from 'commander'
import { applyCommand } from '../../src/cli/apply.ts'
import { reportFailure } from '../../src/cli/output.ts'
import { revertCommand } from '../../src/cli/revert.ts'
import { statusCommand } from '../../src/cli/status.ts'

/** What the command that runs has printed; nothing of it goes out by itself. */
const printed = { stdout: '', stderr: '' }
const printAnswer = process.stdout.write.bind(process.stdout)
for (const stream of ['stdout', 'stderr'] as const) {
  process[stream].write = (text: string | Uint8Array): boolean => {
    printed[stream] += typeof text === 'string' ? text : Buffer.from(text).toString('utf8')
    return true
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const exit = await run(JSON.parse(line) as readonly string[])
  printAnswer(`${JSON.stringify({ exit, ...printed })}\n`)
}
process.exitCode = 0

async function run(argv: readonly string[]): Promise<number | string | null | undefined> {
  printed.stdout = ''
  printed.stderr = ''
  process.exitCode = 0
  try {
    const program = new Command('reweave')
    for (const command of [applyCommand(), revertCommand(), statusCommand()]) {
      program.addCommand(command.exitOverride())
    }
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    reportFailure(error, argv.includes('--json'))
  }
  return process.exitCode
}
