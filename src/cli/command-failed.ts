import type { ExitName } from './exit-code.ts'

/**
 * A command ends without having done what was asked.
 *
 * `message` is for people: what was found, what was wanted, what to do. `facts` is the same for
 * programs and is printed with `--json`.
 */
export class CommandFailed extends Error {
  readonly code = 'command-failed'
  readonly exit: ExitName
  readonly facts: Readonly<Record<string, unknown>>

  constructor(exit: ExitName, message: string, facts: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.exit = exit
    this.facts = facts
  }
}
