/**
 * The machines of this checkout, found by their directories.
 *
 * @module
 */
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { LabError } from './lab-error.ts'
import { machinesDirectory } from './lab-directory.ts'
import { machinePaths } from './machine-paths.ts'
import { type MachineState, readMachineState, writeMachineState } from './machine-state.ts'
import { identifyProcess, isAlive, signalProcess } from './process-identity.ts'

/** Claims in the making begin with this; no machine's name does. */
const DRAFT = '.claim-'

/** All machines whose owner lives, by name. */
export function listMachines(): readonly MachineState[] {
  return entries(machinesDirectory())
    .map((entry) => readMachineState(path.join(machinesDirectory(), entry)))
    .filter((state) => state !== undefined)
    .filter((state) => isAlive(state.owner))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** The machine of that name. @throws LabError `machine-unknown` */
export function findMachine(name: string): MachineState {
  const machines = listMachines()
  const found = machines.find((machine) => machine.name === name)
  if (found !== undefined) return found
  const names = machines.map((machine) => machine.name).join(', ')
  const known = names === '' ? 'no machine is up' : `these are up: ${names}`
  throw new LabError('machine-unknown', `Cannot find a machine named ${name}: ${known}`)
}

/**
 * Takes a name and its directory for the owner in `state`.
 *
 * @throws LabError `machine-exists` when a machine that lives has the name
 */
// A directory with a state file in it is renamed into place. The kernel refuses that over a
// directory that holds anything, so of two processes one wins, and none ever sees a claimed
// directory without a state.
export function claimMachine(state: MachineState): void {
  mkdirSync(machinesDirectory(), { recursive: true })
  sweepStaleMachines()
  const draft = mkdtempSync(path.join(machinesDirectory(), `${DRAFT}${process.pid}-`))
  try {
    writeMachineState(draft, state)
    renameSync(draft, machinePaths(state.name).directory)
  } catch (cause) {
    rmSync(draft, { recursive: true, force: true })
    const code = (cause as NodeJS.ErrnoException).code
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw cause
    throw new LabError('machine-exists', `Cannot start ${state.name}: a machine of that name is up`)
  }
}

/** Removes all that a machine had. Its processes must be gone or about to go. */
export function removeMachine(state: MachineState): void {
  rmSync(state.ramFile, { force: true })
  rmSync(state.socketDirectory, { recursive: true, force: true })
  rmSync(machinePaths(state.name).directory, { recursive: true, force: true })
}

/** Removes what machines left behind whose owner is gone; returns their names. */
export function sweepStaleMachines(): readonly string[] {
  const swept: string[] = []
  for (const entry of entries(machinesDirectory())) {
    const directory = path.join(machinesDirectory(), entry)
    const state = readMachineState(directory)
    if (entry.startsWith(DRAFT)) {
      if (!claimantLives(entry)) rmSync(directory, { recursive: true, force: true })
    } else if (state === undefined) {
      rmSync(directory, { recursive: true, force: true })
      swept.push(entry)
    } else if (!isAlive(state.owner)) {
      // The kernel kills QEMU with its owner; this is for a QEMU that takes its time to go.
      if (state.qemu !== null) signalProcess(state.qemu, 'SIGKILL')
      removeMachine(state)
      swept.push(entry)
    }
  }
  return swept
}

function claimantLives(draft: string): boolean {
  return identifyProcess(Number(draft.slice(DRAFT.length).split('-')[0])) !== undefined
}

function entries(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw cause
  }
}
