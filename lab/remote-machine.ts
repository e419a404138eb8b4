import path from 'node:path'
import type { MachineAddress } from '../src/address/address.ts'
import { consoleText } from './console-log.ts'
import { pullFile, pushFile } from './file-transfer.ts'
import { LabError } from './lab-error.ts'
import { machinePaths, socketPaths } from './machine-paths.ts'
import { readRamFile } from './machine-ram.ts'
import { findMachine } from './machine-registry.ts'
import type { MachineState } from './machine-state.ts'
import { chipsetOf } from './qemu-arguments.ts'
import {
  type ExecOptions,
  type ExecResult,
  execOverSsh,
  type RemoteCommand,
  shellLine,
  type SshTarget,
} from './ssh.ts'

/** A lab machine that somebody runs: what any process may do with it. */
export interface RemoteMachine {
  readonly name: string
  readonly directory: string
  /** What is known of it now. */
  state(): MachineState
  /** Runs a command as root in Dom0. Any exit code is an answer. */
  exec(command: RemoteCommand, options?: ExecOptions): Promise<ExecResult>
  /** As `exec`, for a command that must succeed: returns what it prints, else throws. */
  run(command: RemoteCommand, options?: ExecOptions): Promise<string>
  push(local: string, remote: string): Promise<void>
  pull(remote: string, local: string): Promise<void>
  /** What Xen and Dom0 have printed, over all boots. */
  consoleLog(): string
  /** Reads the machine's RAM from outside while it runs; not through Xen, nor through a device. */
  readRam(address: MachineAddress, byteLength: number): Uint8Array
}

/** The machine of that name, whoever runs it. @throws LabError `machine-unknown` */
export function openMachine(name: string): RemoteMachine {
  findMachine(name)
  return remoteMachine(name, () => findMachine(name))
}

/** A view of a machine through its state, which is asked for anew each time. */
export function remoteMachine(name: string, state: () => MachineState): RemoteMachine {
  const paths = machinePaths(name)
  const target = (): SshTarget => sshTarget(state())
  return {
    name,
    directory: paths.directory,
    state,
    exec: async (command, options) => await execOverSsh(target(), command, options),
    run: async (command, options) => {
      const result = await execOverSsh(target(), command, options)
      if (result.exit === 0) return result.stdout
      throw new LabError(
        'command-failed',
        `A command in ${name} ended with exit code ${result.exit}: ${shellLine(command)}` +
          `\n${(result.stderr || result.stdout).trim()}`,
      )
    },
    push: async (local, remote) => await pushFile(target(), local, remote),
    pull: async (remote, local) => await pullFile(target(), remote, local),
    consoleLog: () => consoleText(paths.console),
    readRam: (address, byteLength) => {
      const { options, ramFile } = running(state())
      const layout = {
        chipset: chipsetOf(options.iommu),
        ramBytes: options.memoryMb * 1024 ** 2,
      }
      return readRamFile(ramFile, layout, address, byteLength)
    },
  }
}

/** How to reach its Dom0. @throws LabError `machine-not-running` */
export function sshTarget(state: MachineState): SshTarget {
  const { sshPort } = running(state)
  if (sshPort === null) throw notRunning(state)
  return {
    machine: state.name,
    port: sshPort,
    key: path.resolve(state.sshKey),
    knownHosts: path.resolve(state.sshKnownHosts),
    controlSocket: socketPaths(state.socketDirectory).ssh,
  }
}

function running(state: MachineState): MachineState {
  if (state.phase !== 'running') throw notRunning(state)
  return state
}

function notRunning(state: MachineState): LabError {
  const why = state.phase === 'off' ? 'it is switched off' : 'it is still starting'
  return new LabError('machine-not-running', `Cannot use ${state.name}: ${why}`)
}
