/**
 * A process of its own that owns one machine, so that `lab up` can return while it runs.
 *
 * QEMU dies with the keeper, and the keeper, until it is released, with the process that started
 * it: there is no moment at which a machine belongs to nobody. SIGTERM ends both.
 *
 * @module
 */
import { appendFileSync } from 'node:fs'
import { onProcessEnd } from '../src/workshop/exit-cleanup.ts'
import { startGuest } from './guest.ts'
import type { FromKeeper, ToKeeper } from './keeper-messages.ts'
import { startMachine } from './machine.ts'
import { machinePaths } from './machine-paths.ts'

let isReleased = false

function tell(message: FromKeeper): void {
  if (process.connected) process.send?.(message)
}

async function keep(order: Extract<ToKeeper, { kind: 'start' }>): Promise<void> {
  const progress = (line: string): void => tell({ kind: 'progress', line })
  const machine = await startMachine(order.parts, order.machine, { progress, kept: true })
  const complaints = machinePaths(machine.name).keeperLog
  process.on('uncaughtExceptionMonitor', (error) => {
    appendFileSync(complaints, `${error.stack ?? error.message}\n`)
  })
  for (const guest of order.guests) {
    progress(`Starting guest ${guest.name}`)
    await startGuest(machine, guest)
  }
  tell({ kind: 'ready' })
}

process.on('message', (message: ToKeeper) => {
  if (message.kind === 'release') {
    isReleased = true
    tell({ kind: 'released' })
    return
  }
  keep(message).catch((error: Error & { readonly code?: string }) => {
    const failure: FromKeeper = {
      kind: 'failed',
      code: error.code ?? 'keeper-failed',
      message: error.message,
    }
    // The message must have left before the process ends; its clean-ups run on the way.
    process.send?.(failure, () => process.exit(1))
  })
})

process.on('disconnect', () => {
  if (!isReleased) process.exit(1)
})

// Also with nothing running, so that a machine that went down by itself can be looked at.
const staying = setInterval(() => undefined, 2 ** 30)
onProcessEnd(() => clearInterval(staying))
