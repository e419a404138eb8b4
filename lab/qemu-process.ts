import type { ChildProcess } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { lastLines } from './console-log.ts'
import { LabError } from './lab-error.ts'
import { ended, spawnOwned } from '../src/workshop/owned-process.ts'
import { identifyProcess, type ProcessIdentity } from './process-identity.ts'
import { forwardedSshPort } from './qmp.ts'

/** One run of QEMU, and the processes that are of use only while it runs. */
export interface RunningQemu {
  readonly identity: ProcessIdentity
  /** Resolves when QEMU and the children given to it are gone, with how QEMU ended. */
  readonly exited: Promise<string>
  /** The port on 127.0.0.1 that leads to Dom0's sshd. */
  sshPort(): Promise<number>
  /** This child is to end when QEMU does. */
  ownChild(child: ChildProcess): void
  /** Ends all of it at once; `exited` tells when that is done. */
  kill(): void
}

const QMP_TIMEOUT_MS = 20_000

/** Starts QEMU as a child that dies with this process. @throws LabError `qemu-failed` */
export function startQemu(
  args: readonly string[],
  files: { readonly log: string; readonly qmpSocket: string },
): RunningQemu {
  rmSync(files.qmpSocket, { force: true })
  const log = openSync(files.log, 'a')
  const child = spawnOwned('qemu-system-x86_64', args, { stdio: ['ignore', log, log] })
  closeSync(log)
  const identity = child.pid === undefined ? undefined : identifyProcess(child.pid)
  const dependents = new Set<ChildProcess>()
  let isGone = false
  const exited = ended(child)
    .catch((cause: Error) => cause.message)
    .then(async (how) => {
      isGone = true
      await Promise.all([...dependents].map(async (dependent) => await killed(dependent)))
      return how
    })
  if (identity === undefined) throw failed(files.log, 'it did not start')
  return {
    identity,
    exited,
    sshPort: async () => {
      const deadline = Date.now() + QMP_TIMEOUT_MS
      while (!existsSync(files.qmpSocket)) {
        if (isGone) throw failed(files.log, `it ended with ${await exited}`)
        if (Date.now() > deadline) throw failed(files.log, 'its control socket did not appear')
        await sleep(20)
      }
      return await forwardedSshPort(files.qmpSocket)
    },
    ownChild: (dependent) => {
      if (isGone) dependent.kill('SIGKILL')
      else dependents.add(dependent)
    },
    kill: () => {
      for (const process of [child, ...dependents]) process.kill('SIGKILL')
    },
  }
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = ended(child)
  child.kill('SIGKILL')
  await gone
}

function failed(log: string, reason: string): LabError {
  const complaint = lastLines(readFileSync(log, 'utf8'), 5)
  const said = complaint === '' ? '' : `; it said:\n${complaint}`
  return new LabError('qemu-failed', `Cannot start QEMU: ${reason}${said}`)
}
