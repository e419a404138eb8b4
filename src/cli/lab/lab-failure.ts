import { z } from 'zod'
import { LabError } from '../../../lab/lab-error.ts'
import { LabNotPrepared } from '../../../lab/lab-refusal.ts'
import { CommandFailed } from '../command-failed.ts'

/** Runs a lab command's action, and turns what the lab throws into the command's documented end. */
export async function asLabCommand<Result>(action: () => Promise<Result>): Promise<Result> {
  try {
    return await action()
  } catch (error) {
    throw commandFailure(error)
  }
}

function commandFailure(error: unknown): unknown {
  if (error instanceof LabNotPrepared) {
    return new CommandFailed('labRefused', error.message, { refusal: error.refusal })
  }
  if (error instanceof LabError) {
    const because = error.cause instanceof Error ? `\n  because: ${error.cause.message}` : ''
    return new CommandFailed('labFailed', `${error.message}${because}`, { lab: error.code })
  }
  if (error instanceof z.ZodError) {
    const issue = error.issues[0]
    const where = issue?.path.join('.') ?? ''
    return new CommandFailed('usage', `Cannot use this ${where}: ${issue?.message ?? 'bad value'}`)
  }
  return error
}
