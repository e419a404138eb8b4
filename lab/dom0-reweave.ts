import type { RemoteMachine } from './remote-machine.ts'

/** A `reweave` command in Dom0 did not end as it must. */
export class Dom0CommandFailed extends Error {
  readonly code = 'dom0-command-failed'
  readonly command: string
  readonly exit: number | null

  constructor(command: string, exit: number | null, said: string) {
    super(`In Dom0, 'reweave ${command}' ended with ${exit ?? 'a signal'}: ${said.trim()}`)
    this.command = command
    this.exit = exit
  }
}

/**
 * Runs `reweave … --json` in a machine's Dom0.
 *
 * @param exits the exit codes that are no failure
 */
export async function reweaveInDom0(
  machine: RemoteMachine,
  args: readonly string[],
  exits: readonly number[] = [0],
): Promise<unknown> {
  const command = args.join(' ')
  const { exit, stdout, stderr } = await machine.exec(['reweave', ...args, '--json'])
  if (exit === null || !exits.includes(exit)) {
    throw new Dom0CommandFailed(command, exit, stderr || stdout)
  }
  return JSON.parse(stdout)
}
