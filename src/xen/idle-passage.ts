import { setTimeout as sleep } from 'node:timers/promises'
import type { Passage, PassageOutcome } from '../splice/passage.ts'

/** Nanoseconds that each CPU has idled since boot, by its number; undefined for one that is offline. */
export type IdleTimes = readonly (bigint | undefined)[]

/**
 * The idle times as Xen tells them: of every CPU that there can be, with 0 for those that are offline
 * (`get_cpu_idle_time`, xen/common/sched/core.c). An online one idled before it ran anything.
 *
 * Empty unless that accounts for all that are online.
 */
export function idleTimesOf(told: readonly bigint[], onlineCpus: number): IdleTimes {
  const times = told.map((time) => (time === 0n ? undefined : time))
  return times.filter((time) => time !== undefined).length === onlineCpus ? times : []
}

/**
 * Knows from idle time that every processor has left spliced code.
 *
 * Xen runs a hypercall or an exit of a guest to its end on the processor's one stack, and the
 * scheduler enters the idle vCPU only once that stack is unwound. So a processor whose idle vCPU
 * has run since the call is no longer inside code that runs on behalf of a guest. Code that Xen
 * runs in the idle vCPU itself (softirqs) is left within microseconds; so each CPU must be seen to
 * have idled in two samples, `SETTLE_MS` apart.
 *
 * A processor that is never idle gives no proof: then the answer is `unknown`.
 */
export class IdlePassage implements Passage {
  readonly #idleTimes: () => IdleTimes
  readonly #timeoutMs: number

  constructor(idleTimes: () => IdleTimes, timeoutMs = 5000) {
    this.#idleTimes = idleTimes
    this.#timeoutMs = timeoutMs
  }

  async everyCpuHasLeft(): Promise<PassageOutcome> {
    const start = this.#idleTimes()
    const isOnline = start.map((time) => time !== undefined)
    if (!isOnline.includes(true)) return { kind: 'unknown', why: 'Xen does not tell idle times' }
    const deadline = performance.now() + this.#timeoutMs
    /** How many samples showed each CPU to have idled since the one before. */
    const idled = start.map(() => 0)
    for (let before = start; ;) {
      await sleep(SETTLE_MS)
      const now = this.#idleTimes()
      const isSame = isOnline.every((online, cpu) => (now[cpu] !== undefined) === online)
      if (now.length !== start.length || !isSame) {
        return { kind: 'unknown', why: 'a CPU came or went' }
      }
      for (const [cpu, time] of now.entries()) {
        if (time !== undefined && time > (before[cpu] ?? time)) idled[cpu] = (idled[cpu] ?? 0) + 1
      }
      before = now
      const busy = idled.flatMap((samples, cpu) =>
        samples < 2 && isOnline[cpu] === true ? [cpu] : [],
      )
      if (busy.length === 0) return { kind: 'left' }
      if (performance.now() > deadline) {
        const cpus = busy.length === 1 ? `CPU ${busy[0]}` : `CPUs ${busy.join(', ')}`
        return { kind: 'unknown', why: `${cpus} did not idle for ${this.#timeoutMs} ms` }
      }
    }
  }
}

const SETTLE_MS = 20
