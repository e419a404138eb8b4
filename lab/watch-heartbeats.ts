import { setTimeout as sleep } from 'node:timers/promises'
import { guestLog } from './guest.ts'
import {
  type Beat,
  clockLag,
  gapsWithin,
  parseBeats,
  shiftBeats,
  type Window,
  type WindowReport,
} from './heartbeat.ts'
import { LabError } from './lab-error.ts'
import type { RemoteMachine } from './remote-machine.ts'

/** What the guests' hearts did in a window of time, by Dom0's clock. */
export interface HeartbeatReport {
  readonly window: Window
  readonly guests: Readonly<Record<string, WindowReport>>
}

/** Reads guests' heartbeats by Dom0's clock. */
export interface HeartbeatWatch {
  /** How far each guest's clock is behind Dom0's, in milliseconds. */
  readonly lagMs: Readonly<Record<string, number>>
  /** Dom0's wall clock, in milliseconds since 1970. */
  now(): Promise<number>
  /** All that was logged of a guest since it was created. */
  beats(guest: string): Promise<readonly Beat[]>
  /** What all hearts did in a window that is over. */
  within(window: Window): Promise<HeartbeatReport>
  /**
   * What all hearts did while an action ran, and the action's result. The window is a command in
   * Dom0 longer than the action, at each end.
   */
  during<Result>(
    action: () => Promise<Result>,
  ): Promise<{ readonly result: Result; readonly heartbeats: HeartbeatReport }>
}

/**
 * How long after a window's end its logs are read: by then the beat that ends the last gap is
 * usually written. A longer silence is counted up to the window's end.
 */
const SETTLE_MS = 1000

/** How long beats are watched to compare clocks. */
const COMPARE_SECONDS = 5

/**
 * Compares the guests' clocks with Dom0's, and returns a watch that goes by Dom0's.
 *
 * @throws LabError `guest-timed-out` when a guest does not beat
 */
// Each domain takes the time from Xen once, early in its boot, and counts timer ticks until it has
// a better clock. In emulation ticks get lost then: lags of 6 and 10 s were seen. Later all of them
// count by Xen's clock and stay apart by the same time, so comparing once is enough.
export async function watchHeartbeats(
  machine: RemoteMachine,
  guests: readonly string[],
): Promise<HeartbeatWatch> {
  const lags = await Promise.all(
    guests.map(async (guest) => [guest, await measureLag(machine, guest)] as const),
  )
  const lagMs = Object.fromEntries(lags)
  const now = async (): Promise<number> =>
    Number(await machine.run(['date', '+%s.%N'], { timeoutMs: 60_000 })) * 1000
  const beats = async (guest: string): Promise<readonly Beat[]> => {
    const log = await machine.run(['cat', guestLog(guest)])
    return shiftBeats(parseBeats(log), lagMs[guest] ?? 0)
  }
  const within = async (window: Window): Promise<HeartbeatReport> => {
    const reports = guests.map(async (guest) => [guest, gapsWithin(await beats(guest), window)])
    return {
      window,
      guests: Object.fromEntries(await Promise.all(reports)) as HeartbeatReport['guests'],
    }
  }
  return {
    lagMs,
    now,
    beats,
    within,
    during: async (action) => {
      const fromMs = await now()
      const result = await action()
      const toMs = await now()
      await sleep(SETTLE_MS)
      return { result, heartbeats: await within({ fromMs, toMs }) }
    },
  }
}

async function measureLag(machine: RemoteMachine, guest: string): Promise<number> {
  const log = guestLog(guest)
  const stamp = 'while IFS= read -r line; do echo "$EPOCHREALTIME $line"; done'
  const script = `timeout ${COMPARE_SECONDS} tail -n 0 -f ${log} | ${stamp}`
  const stamped = await machine.run(['bash', '-c', script])
  const lag = clockLag(stamped)
  if (lag === undefined) {
    throw new LabError(
      'guest-timed-out',
      `Cannot watch guest ${guest} in ${machine.name}: no heartbeat in ${COMPARE_SECONDS} s`,
    )
  }
  return lag
}
