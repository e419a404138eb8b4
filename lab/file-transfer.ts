import { createReadStream } from 'node:fs'
import { chmod, mkdir, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { LabError } from './lab-error.ts'
import { ended, spawnOwned } from '../src/workshop/owned-process.ts'
import { execForBytes, execOverSsh, type RemoteCommand, type SshTarget } from './ssh.ts'

/**
 * Copies a file, or what a directory holds, to a path in Dom0, and makes the directories above it.
 *
 * A file appears in Dom0 whole or not at all; a directory may be left in part.
 */
// Through `cat` and busybox: Dom0's image has neither an SFTP server nor GNU tar.
export async function pushFile(target: SshTarget, local: string, remote: string): Promise<void> {
  const what = await stat(local)
  if (!what.isDirectory()) {
    const mode = (what.mode & 0o777).toString(8)
    const write =
      'mkdir -p "$(dirname "$1")" && cat > "$1.part" && chmod "$2" "$1.part" && mv -T "$1.part" "$1"'
    const command = ['sh', '-c', write, 'sh', remote, mode]
    await transfer(target, command, `push ${local}`, createReadStream(local))
    return
  }
  const tar = spawnOwned('tar', ['-C', local, '-cf', '-', '.'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const packed = ended(tar)
  const unpack = ['sh', '-c', 'mkdir -p "$1" && busybox tar -xf - -C "$1"', 'sh', remote]
  await transfer(target, unpack, `push ${local}`, tar.stdout ?? undefined)
  const outcome = await packed
  if (outcome !== 'exit code 0') throw failed(`push ${local}`, target, `tar ended with ${outcome}`)
}

/** Copies one file from Dom0, and makes the directories above it. */
export async function pullFile(target: SshTarget, remote: string, local: string): Promise<void> {
  const task = `pull ${remote}`
  const result = await execForBytes(target, ['cat', '--', remote])
  if (result.exit !== 0) throw failed(task, target, result.stderr.trim())
  const mode = await execOverSsh(target, ['stat', '-c', '%a', '--', remote])
  await mkdir(path.dirname(path.resolve(local)), { recursive: true })
  await writeFile(local, result.stdout)
  if (mode.exit === 0) await chmod(local, Number.parseInt(mode.stdout, 8))
}

async function transfer(
  target: SshTarget,
  command: RemoteCommand,
  task: string,
  stdin: Readable | undefined,
): Promise<void> {
  const result = await execOverSsh(target, command, stdin === undefined ? {} : { stdin })
  if (result.exit !== 0) throw failed(task, target, result.stderr.trim())
}

function failed(task: string, target: SshTarget, reason: string): LabError {
  return new LabError('command-failed', `Cannot ${task} (machine ${target.machine}): ${reason}`)
}
