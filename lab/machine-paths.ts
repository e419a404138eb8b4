import path from 'node:path'
import { machinesDirectory } from './lab-directory.ts'

/** The files of one machine, by what they are for. */
export interface MachinePaths {
  readonly directory: string
  readonly state: string
  /** What Xen and Dom0 print, over all boots of this machine. */
  readonly console: string
  /** What QEMU itself complains of. */
  readonly qemuLog: string
  /** What the keeper of a detached machine complains of. */
  readonly keeperLog: string
  /** This machine's changes to Dom0's disk. */
  readonly disk: string
  /** The namespace of its NVMe controller: small, and no file system uses it. */
  readonly namespace: string
}

export function machinePaths(name: string): MachinePaths {
  const directory = path.join(machinesDirectory(), name)
  return {
    directory,
    state: path.join(directory, 'state.json'),
    console: path.join(directory, 'console.log'),
    qemuLog: path.join(directory, 'qemu.log'),
    keeperLog: path.join(directory, 'keeper.log'),
    disk: path.join(directory, 'dom0.qcow2'),
    namespace: path.join(directory, 'nvme.raw'),
  }
}

/** The sockets of a machine, and links to what its loader takes, in a directory with a short path. */
export interface SocketPaths {
  readonly qmp: string
  readonly ssh: string
  readonly kernel: string
  readonly initrd: string
}

export function socketPaths(directory: string): SocketPaths {
  return {
    qmp: path.join(directory, 'qmp'),
    ssh: path.join(directory, 'ssh'),
    kernel: path.join(directory, 'vmlinuz'),
    initrd: path.join(directory, 'initrd'),
  }
}
