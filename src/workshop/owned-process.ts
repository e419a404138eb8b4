/**
 * Children that die with the process that started them, however it ends.
 *
 * @module
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'

/**
 * Starts a program that the kernel kills (SIGKILL) when this process is gone.
 *
 * Must be called on the main thread: the kernel watches the thread that forked.
 */
// prctl(PR_SET_PDEATHSIG) says nothing when the parent died before the call. The shell behind
// setpriv therefore compares its parent with the one it should have, and then becomes the program.
export function spawnOwned(
  command: string,
  args: readonly string[],
  options: SpawnOptions,
): ChildProcess {
  const onlyUnderOwner = '[ "$PPID" = "$1" ] || exit 1; shift; exec "$@"'
  const shell = ['sh', '-c', onlyUnderOwner, 'sh', String(process.pid)]
  return spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...shell, command, ...args], options)
}

/** Resolves when the child is gone, with how it ended; rejects when it could not be started. */
export function ended(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      resolve(signal === null ? `exit code ${code}` : `signal ${signal}`)
    })
  })
}
