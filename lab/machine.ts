import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { LabError } from './lab-error.ts'
import { onProcessEnd } from '../src/workshop/exit-cleanup.ts'
import { socketDirectoryPrefix } from './lab-directory.ts'
import { type MachineRequest, machineOptionsSchema } from './machine-options.ts'
import { machinePaths, socketPaths } from './machine-paths.ts'
import { claimMachine, listMachines, removeMachine } from './machine-registry.ts'
import { type MachineState, writeMachineState } from './machine-state.ts'
import type { LabParts } from './parts.ts'
import { ownIdentity } from './process-identity.ts'
import { NAMESPACE_BYTES, qemuArguments } from './qemu-arguments.ts'
import { type RunningQemu, startQemu } from './qemu-process.ts'
import { chooseRamFile } from './ram-file.ts'
import { type RemoteMachine, remoteMachine, sshTarget } from './remote-machine.ts'
import { openSharedConnection } from './ssh.ts'
import { waitForConsoleLine } from './console-log.ts'

/** A machine that this process started, and that does not outlive it. */
export interface Machine extends RemoteMachine {
  /**
   * Cuts the power: both processors stop between two instructions, and RAM is lost.
   *
   * Of the disk, all that QEMU had been given is kept, also what Dom0 had not yet flushed: less is
   * lost than on hardware with a volatile write cache.
   */
  powerCut(): Promise<void>
  /** Boots a machine that is off, from its own disk as it was left. */
  boot(): Promise<void>
  /** Ends the machine and removes all that it had, its disk too. */
  stop(): Promise<void>
  /** Resolves when the machine is off, with how QEMU ended. */
  whenOff(): Promise<string>
}

export interface StartHooks {
  /** Gets a line for people, time and again. */
  readonly progress?: (line: string) => void
  /** The caller does nothing but keep this machine: `lab down` may end it. */
  readonly kept?: boolean
}

/**
 * Boots a lab machine and waits until its Dom0 answers.
 *
 * When it does not get there, nothing of it is left, and the error holds the console's last lines.
 *
 * @throws LabError `machine-exists`, `boot-failed`, `boot-timed-out`, `qemu-failed`,
 * `machine-unreachable`
 */
export async function startMachine(
  parts: LabParts,
  request: MachineRequest,
  hooks: StartHooks = {},
): Promise<Machine> {
  const options = machineOptionsSchema.parse(request)
  const { name } = options
  const paths = machinePaths(name)
  const progress = hooks.progress ?? ((): void => undefined)
  const socketDirectory = mkdtempSync(socketDirectoryPrefix())
  const sockets = socketPaths(socketDirectory)
  const ramBytes = options.memoryMb * 1024 ** 2
  let state: MachineState = {
    version: 1,
    name,
    options,
    owner: ownIdentity(),
    kept: hooks.kept ?? false,
    phase: 'off',
    qemu: null,
    sshPort: null,
    sshKey: parts.dom0.sshKey,
    sshKnownHosts: parts.dom0.sshKnownHosts,
    ramFile: chooseRamFile({ name, directory: paths.directory, ramBytes }, listMachines()),
    socketDirectory,
    hypervisor: { version: parts.hypervisor.version, buildId: parts.hypervisor.buildId },
    guest: parts.guest,
  }
  try {
    claimMachine(state)
  } catch (cause) {
    rmSync(socketDirectory, { recursive: true, force: true })
    throw cause
  }

  let qemu: RunningQemu | undefined
  let removed = false
  const keepForgotten = onProcessEnd(() => {
    qemu?.kill()
    removeMachine(state)
  })

  const update = (change: Partial<MachineState>): void => {
    state = { ...state, ...change }
    if (!removed) writeMachineState(paths.directory, state)
  }

  const powerCut = async (): Promise<void> => {
    qemu?.kill()
    await qemu?.exited
  }

  const stop = async (): Promise<void> => {
    await powerCut()
    removed = true
    removeMachine(state)
    keepForgotten()
  }

  const boot = async (): Promise<void> => {
    if (state.phase !== 'off' || removed) {
      throw new LabError('machine-not-running', `Cannot boot ${name}: it is not switched off`)
    }
    const args = qemuArguments(parts, options, {
      ...paths,
      ramFile: state.ramFile,
      qmpSocket: sockets.qmp,
      kernel: sockets.kernel,
      initrd: sockets.initrd,
    })
    const fromByte = Buffer.byteLength(machine.consoleLog())
    // A hypervisor's whole memory is nobody else's to read; QEMU itself would make it so.
    writeFileSync(state.ramFile, '', { mode: 0o600 })
    const started = startQemu(args, { log: paths.qemuLog, qmpSocket: sockets.qmp })
    const off = started.exited.then((how) => {
      rmSync(state.ramFile, { force: true })
      update({ phase: 'off', qemu: null, sshPort: null })
      return how
    })
    qemu = { ...started, exited: off }
    try {
      update({ phase: 'starting', qemu: started.identity })
      update({ sshPort: await started.sshPort() })
      await waitForConsoleLine({
        machine: name,
        file: paths.console,
        fromByte,
        line: parts.dom0.readyLine,
        timeoutMs: options.bootTimeoutMs,
        exited: started.exited,
        progress,
      })
      progress('Dom0 is up; connecting')
      const target = sshTarget({ ...state, phase: 'running' })
      started.ownChild(await openSharedConnection(target, 60_000))
      update({ phase: 'running' })
    } catch (cause) {
      await powerCut()
      throw cause
    }
  }

  const machine: Machine = {
    ...remoteMachine(name, () => state),
    boot,
    powerCut,
    stop,
    whenOff: async () => (await qemu?.exited) ?? 'never started',
  }
  try {
    symlinkSync(path.resolve(parts.dom0.kernel), sockets.kernel)
    symlinkSync(path.resolve(parts.dom0.initrd), sockets.initrd)
    await createDisks(parts, paths)
    await boot()
    return machine
  } catch (cause) {
    await stop()
    throw cause
  }
}

async function createDisks(
  parts: LabParts,
  files: { readonly disk: string; readonly namespace: string },
): Promise<void> {
  const overlay = ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', parts.dom0.disk, files.disk]
  try {
    await promisify(execFile)('qemu-img', overlay)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new LabError(
        'program-missing',
        'Cannot find qemu-img: it is in the Debian package qemu-utils',
        { cause },
      )
    }
    throw new LabError('qemu-failed', `Cannot make a disk over ${parts.dom0.disk}`, { cause })
  }
  writeFileSync(files.namespace, '')
  truncateSync(files.namespace, NAMESPACE_BYTES)
}
