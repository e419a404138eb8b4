import { machinePaths } from '../../../lab/machine-paths.ts'
import type { MachineState } from '../../../lab/machine-state.ts'

/** What the lab commands tell about a machine. */
export interface MachineSummary {
  readonly name: string
  readonly phase: MachineState['phase']
  /** Whether `lab down` may end it. */
  readonly kept: boolean
  readonly xen: string
  readonly buildId: string
  readonly engines: readonly string[]
  readonly iommu: string
  readonly memoryMb: number
  readonly sshPort: number | null
  readonly ownerPid: number
  readonly console: string
  readonly ramFile: string
}

export function summarizeMachine(state: MachineState): MachineSummary {
  return {
    name: state.name,
    phase: state.phase,
    kept: state.kept,
    xen: state.hypervisor.version,
    buildId: state.hypervisor.buildId,
    engines: state.options.engines,
    iommu: state.options.iommu,
    memoryMb: state.options.memoryMb,
    sshPort: state.sshPort,
    ownerPid: state.owner.pid,
    console: machinePaths(state.name).console,
    ramFile: state.ramFile,
  }
}

/** A table for people, without a newline at its end. */
export function renderMachines(machines: readonly MachineSummary[]): string {
  if (machines.length === 0) return 'No machine is up'
  const header = ['NAME', 'STATE', 'XEN', 'ENGINES', 'IOMMU', 'MIB', 'OWNER']
  const rows = machines.map((machine) => [
    machine.name,
    machine.phase,
    machine.xen,
    machine.engines.join(',') || 'none',
    machine.iommu,
    String(machine.memoryMb),
    `${machine.ownerPid}${machine.kept ? '' : ' (not kept)'}`,
  ])
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  return [header, ...rows]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
