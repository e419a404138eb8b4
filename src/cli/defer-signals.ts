import { progress } from './output.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Runs work that must not be left half-way: a signal that asks to end is noted, and the work goes
 * on to its end.
 *
 * Ctrl-C, a closed terminal and a lost ssh connection arrive as these. A transaction takes seconds,
 * and what it would leave behind (a taken device, a fix half in) costs more than the wait. SIGKILL
 * cannot be put off; the journal is there for it.
 *
 * Nor does it end the work that nobody reads what it prints: the terminal is gone, or the pipe closed.
 */
export async function deferringSignals<T>(work: () => Promise<T>): Promise<T> {
  let told = false
  const note = (signal: NodeJS.Signals): void => {
    if (!told) progress(`Got ${signal}: finishing first, so that nothing is left half-way`)
    told = true
  }
  // Without a listener Node ends the process when it cannot write. They stay: the result is printed
  // after the work.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
  for (const signal of SIGNALS) process.on(signal, note)
  try {
    return await work()
  } finally {
    for (const signal of SIGNALS) process.off(signal, note)
  }
}
