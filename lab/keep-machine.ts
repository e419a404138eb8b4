import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { GuestRequest } from './guest.ts'
import { fromKeeperSchema, type FromKeeper, type ToKeeper } from './keeper-messages.ts'
import { LabError, labErrorCode } from './lab-error.ts'
import type { MachineRequest } from './machine-options.ts'
import { findMachine, sweepStaleMachines } from './machine-registry.ts'
import type { LabParts } from './parts.ts'
import { isAlive, signalProcess } from './process-identity.ts'

/** A machine that is up in a keeper's hands, and still ends with this process. */
export interface KeptMachine {
  readonly name: string
  /** Lets the machine outlive this process. */
  release(): Promise<void>
}

export interface KeepOrder {
  readonly machine: MachineRequest
  readonly guests: readonly GuestRequest[]
  readonly progress: (line: string) => void
}

const DOWN_TIMEOUT_MS = 20_000

/**
 * Starts a machine in a process of its own. Until it is released, it ends when this process does,
 * however that happens.
 *
 * @throws LabError as `startMachine()` and `startGuest()` do, or `keeper-failed`
 */
export async function keepMachine(parts: LabParts, order: KeepOrder): Promise<KeptMachine> {
  const keeper = spawn(
    process.execPath,
    [...process.execArgv, path.join(import.meta.dirname, 'keeper.ts')],
    // A session of its own: Ctrl-C on this terminal is not for the keeper.
    { detached: true, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] },
  )
  const { name } = order.machine
  await answered(
    keeper,
    name,
    { kind: 'start', parts, machine: order.machine, guests: order.guests },
    'ready',
    order.progress,
  )
  return {
    name,
    release: async () => {
      await answered(keeper, name, { kind: 'release' }, 'released', order.progress)
      keeper.disconnect()
      keeper.stderr?.destroy()
      keeper.unref()
    },
  }
}

/**
 * Ends a kept machine and removes all that it had.
 *
 * @throws LabError `machine-unknown`, or `machine-not-kept` when it belongs to a program that does
 * more than keep it, such as a demo or a test
 */
export async function endKeptMachine(name: string): Promise<void> {
  const state = findMachine(name)
  if (!state.kept) {
    throw new LabError(
      'machine-not-kept',
      `Cannot take ${name} down: it belongs to process ${state.owner.pid}; it goes when that ends`,
    )
  }
  const processes = [state.owner, ...(state.qemu === null ? [] : [state.qemu])]
  signalProcess(state.owner, 'SIGTERM')
  const deadline = Date.now() + DOWN_TIMEOUT_MS
  while (processes.some(isAlive)) {
    if (Date.now() > deadline) for (const one of processes) signalProcess(one, 'SIGKILL')
    await sleep(20)
  }
  sweepStaleMachines()
}

/** Sends an order and waits for the answer that ends it. */
async function answered(
  keeper: ChildProcess,
  name: string,
  order: ToKeeper,
  answer: FromKeeper['kind'],
  progress: (line: string) => void,
): Promise<void> {
  let complaint = ''
  const listen = (part: Buffer): void => void (complaint += part.toString('utf8'))
  keeper.stderr?.on('data', listen)
  const listening = new AbortController()
  try {
    await new Promise<void>((resolve, reject) => {
      const { signal } = listening
      keeper.on('message', hear)
      signal.addEventListener('abort', () => keeper.off('message', hear))
      void once(keeper, 'close', { signal }).then(
        () => reject(keeperFailed(name, complaint.trim())),
        () => undefined,
      )
      keeper.send(order)

      function hear(raw: unknown): void {
        const message = fromKeeperSchema.parse(raw)
        if (message.kind === 'progress') progress(message.line)
        else if (message.kind === answer) resolve()
        else if (message.kind === 'failed') {
          reject(new LabError(labErrorCode(message.code), message.message))
        }
      }
    })
  } finally {
    listening.abort()
    keeper.stderr?.off('data', listen)
  }
}

function keeperFailed(name: string, complaint: string): LabError {
  const said = complaint === '' ? '' : `; it said:\n${complaint}`
  return new LabError('keeper-failed', `The keeper of ${name} ended unexpectedly${said}`)
}
