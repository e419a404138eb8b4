import { readdirSync, readFileSync } from 'node:fs'

/** A process of Dom0's that matters to the host's facts. */
export interface Dom0Process {
  readonly pid: number
  /** As the kernel names it, at most 15 characters. */
  readonly name: string
  readonly uid: number
  readonly arguments: readonly string[]
}

/** The processes whose name is wanted. One that ends meanwhile is left out. */
export function listDom0Processes(wanted: (name: string) => boolean): readonly Dom0Process[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => readProcess(Number(entry), wanted) ?? [])
}

/** The program that a process runs. Undefined once it has ended. */
export function readProgram(pid: number): Uint8Array | undefined {
  try {
    return readFileSync(`/proc/${pid}/exe`)
  } catch {
    return undefined
  }
}

function readProcess(pid: number, wanted: (name: string) => boolean): Dom0Process | undefined {
  try {
    const name = readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
    if (!wanted(name)) return undefined
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const uid = Number(/^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1])
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    return { pid, name, uid, arguments: line.split('\0').filter((word) => word !== '') }
  } catch {
    return undefined
  }
}
