/**
 * What is to be done when this process ends, by itself or by a signal that can be caught.
 *
 * What a SIGKILL leaves behind is for the next process that looks.
 *
 * @module
 */

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

const cleanups = new Set<() => void>()

/**
 * Runs `cleanup` when this process ends, and returns a function that calls this off.
 *
 * `cleanup` must do its work synchronously. While anything is registered, an interrupting signal
 * first runs the clean-ups and then ends the process as it would have done.
 */
export function onProcessEnd(cleanup: () => void): () => void {
  if (cleanups.size === 0) attach()
  cleanups.add(cleanup)
  return () => {
    if (cleanups.delete(cleanup) && cleanups.size === 0) detach()
  }
}

function attach(): void {
  process.on('exit', runAll)
  for (const signal of SIGNALS) process.on(signal, endBy)
}

function detach(): void {
  process.off('exit', runAll)
  for (const signal of SIGNALS) process.off(signal, endBy)
}

function runAll(): void {
  for (const cleanup of cleanups) {
    cleanups.delete(cleanup)
    try {
      cleanup()
    } catch {
      // The process is ending: the other clean-ups matter more than this one's complaint.
    }
  }
}

function endBy(signal: NodeJS.Signals): void {
  runAll()
  detach()
  process.kill(process.pid, signal)
}
