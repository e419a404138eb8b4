import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import path from 'node:path'

/**
 * Runs `action` while this process alone holds the lock on `file`; others wait their turn.
 *
 * The lock ends with this process, also when it is killed. `onWait` is told once if the lock is
 * not free at once.
 */
// Node has no flock(2). The lock is held by `flock` from util-linux, which runs `cat` until its
// input, a pipe from here, closes: when this process dies the kernel closes it. A lock file that is
// created and removed instead would outlive a SIGKILL.
export async function withFileLock<Result>(
  file: string,
  onWait: () => void,
  action: () => Promise<Result>,
): Promise<Result> {
  mkdirSync(path.dirname(file), { recursive: true })
  const holder = spawn('flock', ['--exclusive', '--no-fork', file, 'sh', '-c', 'echo; exec cat'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    // Ctrl-C must not take the lock away while the action still cleans up.
    detached: true,
  })
  const gone = once(holder, 'exit')
  const impatience = setTimeout(onWait, 500)
  try {
    const answer = await Promise.race([once(holder.stdout, 'data'), gone.then(() => undefined)])
    clearTimeout(impatience)
    if (answer === undefined) throw new Error(`Cannot lock ${file}: flock ended at once`)
    return await action()
  } finally {
    clearTimeout(impatience)
    holder.stdin.end()
    await gone.catch(() => undefined)
  }
}
