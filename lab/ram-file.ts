import { readFileSync, statfsSync, statSync } from 'node:fs'
import path from 'node:path'
import type { MachineState } from './machine-state.ts'

const SHARED_MEMORY = '/dev/shm'
/** Left to everything else on the host. */
const SPARE_BYTES = 512 * 1024 ** 2

/**
 * Where a machine's RAM goes: into memory when that has room for it, else onto the disk, into the
 * machine's directory. The name is not taken yet.
 */
// A RAM file takes up room only as the machine touches it, so what the other machines have not
// touched yet is counted as taken.
export function chooseRamFile(
  machine: { readonly name: string; readonly directory: string; readonly ramBytes: number },
  others: readonly MachineState[],
): string {
  const promised = others
    .filter((other) => path.dirname(other.ramFile) === SHARED_MEMORY)
    .reduce((sum, other) => sum + untouchedBytes(other), 0)
  const wanted = machine.ramBytes + promised + SPARE_BYTES
  return wanted <= Math.min(freeSharedMemory(), availableMemory())
    ? path.join(SHARED_MEMORY, `reweave-${machine.name}-${process.pid}.ram`)
    : path.join(machine.directory, 'ram')
}

function untouchedBytes(machine: MachineState): number {
  const ramBytes = machine.options.memoryMb * 1024 ** 2
  try {
    return Math.max(ramBytes - statSync(machine.ramFile).blocks * 512, 0)
  } catch {
    return ramBytes
  }
}

function freeSharedMemory(): number {
  try {
    const { bavail, bsize } = statfsSync(SHARED_MEMORY)
    return bavail * bsize
  } catch {
    return 0
  }
}

function availableMemory(): number {
  const found = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))
  return Number(found?.[1] ?? 0) * 1024
}
