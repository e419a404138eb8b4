import process from 'node:process'
import { CommandFailed } from './command-failed.ts'
import { exitCode, type ExitName } from './exit-code.ts'

/** JSON for programs: big integers as `0x…`, byte arrays as hexadecimal. */
export function toJson(value: unknown): string {
  return JSON.stringify(
    value,
    (_, field: unknown) => {
      if (typeof field === 'bigint') return `0x${field.toString(16)}`
      if (field instanceof Uint8Array) return Buffer.from(field).toString('hex')
      return field
    },
    2,
  )
}

/** Prints a command's result: the text for people, or the value for programs. */
export function print(json: boolean, value: unknown, text: string): void {
  process.stdout.write(json ? `${toJson(value)}\n` : `${text}\n`)
}

/** One line of progress for people, on standard error so that standard output stays the result. */
export function progress(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** Ends the process as documented: the message on standard error, or as JSON on standard output. */
export function reportFailure(error: unknown, json: boolean): void {
  const exit: ExitName = error instanceof CommandFailed ? error.exit : 'breakage'
  const facts = error instanceof CommandFailed ? error.facts : {}
  const message = error instanceof Error ? error.message : String(error)
  if (json) {
    const value = { ok: false, error: exit, exit: exitCode(exit), message, ...facts }
    process.stdout.write(`${toJson(value)}\n`)
  }
  process.stderr.write(`reweave: ${message}\n`)
  if (exit === 'breakage' && error instanceof Error) {
    for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
      process.stderr.write(`  because: ${cause.message}\n`)
    }
    if (process.env['REWEAVE_DEBUG']) process.stderr.write(`${error.stack ?? ''}\n`)
  }
  process.exitCode = exitCode(exit)
}
