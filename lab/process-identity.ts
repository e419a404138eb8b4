import { readFileSync } from 'node:fs'
import { z } from 'zod'

/**
 * Names one process for as long as this host runs: numbers of processes are used again, so a
 * number goes together with the moment at which its process began.
 */
export const processIdentitySchema = z.object({
  pid: z.int().positive(),
  /** Clock ticks from the host's boot to the process's start: field 22 of /proc/PID/stat. */
  startTicks: z.int().nonnegative(),
})

export type ProcessIdentity = z.infer<typeof processIdentitySchema>

/** The process that has this number now; undefined when none has, or only a zombie. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return undefined
  }
  // The second field is the command's name in parentheses; it may hold blanks and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const state = fields[0]
  const startTicks = Number(fields[19])
  if (state === 'Z' || state === 'X' || !Number.isSafeInteger(startTicks)) return undefined
  return { pid, startTicks }
}

/** The process that asks. */
export function ownIdentity(): ProcessIdentity {
  const identity = identifyProcess(process.pid)
  if (identity === undefined) throw new Error('Cannot find this process in /proc')
  return identity
}

/** Whether that very process still runs. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identifyProcess(identity.pid)?.startTicks === identity.startTicks
}

/** Sends the signal unless the process is gone already. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(identity)) return
  try {
    process.kill(identity.pid, signal)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ESRCH') throw cause
  }
}
