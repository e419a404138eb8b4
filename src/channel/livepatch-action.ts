/**
 * One action of Xen's livepatch mechanism, from asking for it until it is done or given up.
 *
 * @module
 */

import type { LivepatchAction, LivepatchStatus } from '../xen/livepatch-abi.ts'
import { XEN_ERRNO } from '../xen/xen-errno.ts'
import { isPassing, readXenAnswer, type XenAnswer } from './livepatch-answer.ts'
import { watchMessages } from './livepatch-evidence.ts'
import type { LivepatchClock, LivepatchPort } from './livepatch-port.ts'

/** How long Xen is given, and how often it is asked. In milliseconds. */
export interface LivepatchPatience {
  /** For all CPUs to come together, in which time they run no guest: at first, and at most. */
  readonly firstTimeout: number
  readonly longestTimeout: number
  /** For one action with all its attempts. */
  readonly total: number
  /** Until an action that Xen has taken must have ended. */
  readonly settle: number
  /** Between attempts: at first, and at most. */
  readonly firstPause: number
  readonly longestPause: number
  /** Between looks at an action that is under way. */
  readonly poll: number
}

/** Xen's own timeout is the 30 ms. A guest may notice half a second; it does not mind. */
export const USUAL_PATIENCE: LivepatchPatience = {
  firstTimeout: 30,
  longestTimeout: 500,
  total: 30_000,
  settle: 10_000,
  firstPause: 50,
  longestPause: 1000,
  poll: 5,
}

export interface LivepatchPorts {
  readonly port: LivepatchPort
  readonly clock: LivepatchClock
  readonly patience: LivepatchPatience
}

export type ActionEnd =
  | { readonly kind: 'done'; readonly attempts: number }
  /** Xen ended it with an error. Only a replace may have changed what is applied. */
  | { readonly kind: 'failed'; readonly answer: XenAnswer; readonly attempts: number }
  /** Xen has taken it, and has not ended it in time. */
  | { readonly kind: 'unsettled'; readonly status: LivepatchStatus; readonly attempts: number }

/** The state that an action leads to; an unloaded payload has none. */
const GOALS = { apply: 'applied', replace: 'applied', revert: 'checked' } as const

/**
 * Asks for the action until Xen has done it, refuses for good, or patience ends.
 *
 * What passes is asked for again, each time with more time for the CPUs to come together.
 */
export async function runAction(
  ports: LivepatchPorts,
  request: { readonly name: string; readonly action: LivepatchAction; readonly nodeps?: boolean },
): Promise<ActionEnd> {
  const { clock, patience } = ports
  const started = clock.now()
  let timeout = patience.firstTimeout
  let pause = patience.firstPause
  for (let attempts = 1; ; attempts += 1) {
    const end = await tryOnce(ports, { ...request, timeout, attempts })
    if (end.kind !== 'failed' || !isPassing(end.answer.meaning)) return end
    if (clock.now() + pause - started > patience.total) return end
    await clock.sleep(pause)
    timeout = Math.min(timeout * 2, patience.longestTimeout)
    pause = Math.min(pause * 2, patience.longestPause)
  }
}

async function tryOnce(
  ports: LivepatchPorts,
  request: {
    readonly name: string
    readonly action: LivepatchAction
    readonly nodeps?: boolean
    readonly timeout: number
    readonly attempts: number
  },
): Promise<ActionEnd> {
  const { port } = ports
  const { name, action, timeout, attempts, nodeps = false } = request
  const printed = watchMessages(port)
  const failed = (errno: number): ActionEnd => {
    return { kind: 'failed', answer: readXenAnswer(action, errno, printed()), attempts }
  }
  const asked = port.act({ name, action, timeoutNs: timeout * 1_000_000, nodeps })
  // Xen marks a payload as under way before it finds itself busy with another: after an error,
  // its status says nothing of this request.
  if (asked.kind === 'error') return failed(asked.errno)
  if (action === 'unload') return { kind: 'done', attempts }
  const status = await settledStatus(ports, name)
  if (status.kind === 'error') return failed(status.errno)
  if (status.rc === -XEN_ERRNO.EAGAIN) return { kind: 'unsettled', status, attempts }
  if (status.rc !== 0) return failed(-status.rc)
  // Asked for what does not fit the payload's state, Xen answers well and does nothing.
  if (status.state !== GOALS[action]) return { kind: 'unsettled', status, attempts }
  return { kind: 'done', attempts }
}

/** How the payload's last action ended, or its status when patience does. */
export async function settledStatus(
  { port, clock, patience }: LivepatchPorts,
  name: string,
): Promise<
  ({ readonly kind: 'status' } & LivepatchStatus) | { readonly kind: 'error'; errno: number }
> {
  const deadline = clock.now() + patience.settle
  for (;;) {
    await clock.sleep(patience.poll)
    const status = port.get(name)
    if (status.kind === 'error' || status.rc !== -XEN_ERRNO.EAGAIN) return status
    if (clock.now() > deadline) return status
  }
}
