import { setTimeout as sleep } from 'node:timers/promises'
import { guestLog } from './guest.ts'
import { type Beat, gapsWithin, parseBeats, type Window, type WindowReport } from './heartbeat.ts'
import type { RemoteMachine } from './remote-machine.ts'

/** What the guests' hearts did in a window of time. */
export interface HeartbeatReport {
  readonly window: Window
  readonly guests: Readonly<Record<string, WindowReport>>
}

/**
 * How long after a window's end its logs are read: by then the beat that ends the last gap is
 * written. A longer silence is counted up to the end, and seen in full by the next window.
 */
const SETTLE_MS = 500

/** Dom0's wall clock, in milliseconds since 1970. */
export async function dom0Clock(machine: RemoteMachine): Promise<number> {
  return Number(await machine.run(['date', '+%s.%N'])) * 1000
}

/** All beats that Dom0 has logged of a guest since it was created. */
export async function readBeats(machine: RemoteMachine, guest: string): Promise<readonly Beat[]> {
  return parseBeats(await machine.run(['cat', guestLog(guest)]))
}

/** What the guests' hearts did from the one moment to the other, by Dom0's clock. */
export async function heartbeatsWithin(
  machine: RemoteMachine,
  guests: readonly string[],
  window: Window,
): Promise<HeartbeatReport> {
  const reports: Record<string, WindowReport> = {}
  for (const guest of guests) {
    reports[guest] = gapsWithin(await readBeats(machine, guest), window)
  }
  return { window, guests: reports }
}

/**
 * Watches the guests' hearts while an action runs, and returns its result besides.
 *
 * The window goes from just before the action to just after it, by Dom0's clock; asking for the
 * time takes a command at each end, so the window is a little longer than the action.
 */
export async function watchHeartbeats<Result>(
  machine: RemoteMachine,
  guests: readonly string[],
  action: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly heartbeats: HeartbeatReport }> {
  const fromMs = await dom0Clock(machine)
  const result = await action()
  const toMs = await dom0Clock(machine)
  await sleep(SETTLE_MS)
  return { result, heartbeats: await heartbeatsWithin(machine, guests, { fromMs, toMs }) }
}
