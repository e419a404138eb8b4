/**
 * Commands in Dom0, through OpenSSH and one connection that they share.
 *
 * A key exchange takes seconds in emulation; a command on a connection that stands, about 0.15 s.
 *
 * @module
 */
import type { ChildProcess } from 'node:child_process'
import { rmSync } from 'node:fs'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { LabError } from './lab-error.ts'
import { spawnOwned } from '../src/workshop/owned-process.ts'

/** How to reach one machine's Dom0. */
export interface SshTarget {
  readonly machine: string
  readonly port: number
  readonly key: string
  /** Holds Dom0's host key under the name `dom0`. */
  readonly knownHosts: string
  /** Where the shared connection listens. Commands connect by themselves when nothing does. */
  readonly controlSocket: string
}

export interface ExecOptions {
  readonly stdin?: string | Uint8Array | Readable
  /** After this the command is given up; what it began in Dom0 may go on. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** How a command in Dom0 ended. Another exit code than 0 is an answer, not a failure of the lab. */
export interface ExecResult {
  readonly exit: number
  readonly stdout: string
  readonly stderr: string
}

/** A line for Dom0's shell, or a program and its arguments, taken literally. */
export type RemoteCommand = string | readonly string[]

const SSH_FAILED = 255

/** The line that Dom0's shell gets. */
export function shellLine(command: RemoteCommand): string {
  return typeof command === 'string' ? command : command.map(quoted).join(' ')
}

/** The arguments with which `ssh` runs the command; `-t` and the like may stand before them. */
export function sshArguments(target: SshTarget, command: RemoteCommand): readonly string[] {
  return [...connection(target), '-o', 'ControlMaster=no', 'root@127.0.0.1', shellLine(command)]
}

/**
 * Runs a command in Dom0 and collects what it prints.
 *
 * @throws LabError `command-timed-out`, or `machine-unreachable` when ssh itself failed
 */
export async function execOverSsh(
  target: SshTarget,
  command: RemoteCommand,
  options: ExecOptions = {},
): Promise<ExecResult> {
  const { exit, stdout, stderr } = await execForBytes(target, command, options)
  return { exit, stdout: stdout.toString('utf8'), stderr }
}

/** As `execOverSsh`, for output that is not text. */
export async function execForBytes(
  target: SshTarget,
  command: RemoteCommand,
  options: ExecOptions = {},
): Promise<{ readonly exit: number; readonly stdout: Buffer; readonly stderr: string }> {
  const child = spawnOwned('ssh', sshArguments(target, command), {
    stdio: [options.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })
  const giveUp = AbortSignal.any([
    ...(options.timeoutMs === undefined ? [] : [AbortSignal.timeout(options.timeoutMs)]),
    ...(options.signal === undefined ? [] : [options.signal]),
  ])
  const kill = (): void => {
    child.kill('SIGKILL')
    // The process that holds the shared connection has these open too, until the command ends.
    child.stdout?.destroy()
    child.stderr?.destroy()
  }
  giveUp.addEventListener('abort', kill)
  if (giveUp.aborted) kill()
  try {
    feed(child, options.stdin)
    const stdout = collect(child.stdout)
    const stderr = collect(child.stderr)
    const exit = await closed(child)
    if (giveUp.aborted) throw givenUp(target, command, options)
    const complaint = stderr().toString('utf8')
    if (exit === SSH_FAILED && !(await isConnected(target))) {
      throw new LabError(
        'machine-unreachable',
        `Cannot reach ${target.machine}'s Dom0 over ssh: ${complaint.trim() || 'no reason given'}`,
      )
    }
    return { exit, stdout: stdout(), stderr: complaint }
  } finally {
    giveUp.removeEventListener('abort', kill)
  }
}

/**
 * Opens the connection that commands share, and keeps it for as long as the child lives.
 *
 * @throws LabError `machine-unreachable` when Dom0 does not answer in time
 */
export async function openSharedConnection(
  target: SshTarget,
  timeoutMs: number,
): Promise<ChildProcess> {
  const deadline = Date.now() + timeoutMs
  let complaint = ''
  while (Date.now() < deadline) {
    // A master that was killed leaves its socket, and ssh then does not bind it anew.
    rmSync(target.controlSocket, { force: true })
    const options = ['-o', 'ControlMaster=yes', '-o', 'ControlPersist=no']
    const master = spawnOwned('ssh', [...connection(target), ...options, '-N', 'root@127.0.0.1'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    master.stderr?.on('data', (part: Buffer) => (complaint = part.toString('utf8').trim()))
    while (master.exitCode === null && master.signalCode === null && Date.now() < deadline) {
      if (await isConnected(target)) return master
      await sleep(100)
    }
    master.kill('SIGKILL')
    await sleep(250)
  }
  throw new LabError(
    'machine-unreachable',
    `Cannot reach ${target.machine}'s Dom0 over ssh within ${timeoutMs} ms: ${complaint}`,
  )
}

async function isConnected(target: SshTarget): Promise<boolean> {
  const check = [...connection(target), '-O', 'check', 'root@127.0.0.1']
  return (await closed(spawnOwned('ssh', check, { stdio: 'ignore' }))) === 0
}

function connection(target: SshTarget): readonly string[] {
  return [
    ['-F', 'none', '-p', String(target.port), '-i', target.key],
    ['-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes', '-o', 'LogLevel=ERROR'],
    ['-o', 'HostKeyAlias=dom0', '-o', 'StrictHostKeyChecking=yes'],
    ['-o', `UserKnownHostsFile="${target.knownHosts}"`, '-o', 'GlobalKnownHostsFile=none'],
    ['-o', 'ConnectTimeout=30', '-o', `ControlPath="${target.controlSocket}"`],
  ].flat()
}

function givenUp(target: SshTarget, command: RemoteCommand, options: ExecOptions): Error {
  if (options.signal?.aborted === true) return options.signal.reason as Error
  return new LabError(
    'command-timed-out',
    `Gave up on a command in ${target.machine} after ${options.timeoutMs} ms: ${shellLine(command)}`,
  )
}

function feed(child: ChildProcess, stdin: ExecOptions['stdin']): void {
  if (stdin === undefined || child.stdin === null) return
  // A command may end without reading all of its input; its exit code tells, not the broken pipe.
  child.stdin.on('error', () => undefined)
  if (stdin instanceof Readable) stdin.pipe(child.stdin)
  else child.stdin.end(stdin)
}

function collect(stream: Readable | null): () => Buffer {
  const parts: Buffer[] = []
  stream?.on('data', (part: Buffer) => parts.push(part))
  return () => Buffer.concat(parts)
}

function closed(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? SSH_FAILED))
  })
}

/** One word for a POSIX shell, whatever it holds. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
