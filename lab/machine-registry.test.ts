import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { machineOptionsSchema } from './machine-options.ts'
import { machinePaths } from './machine-paths.ts'
import { claimMachine, findMachine, listMachines, sweepStaleMachines } from './machine-registry.ts'
import { type MachineState, writeMachineState } from './machine-state.ts'
import { ownIdentity, type ProcessIdentity } from './process-identity.ts'

let lab: string

beforeEach(() => {
  lab = mkdtempSync(path.join(os.tmpdir(), 'registry-'))
  process.env['REWEAVE_LAB'] = lab
})

afterEach(() => {
  rmSync(lab, { recursive: true })
  delete process.env['REWEAVE_LAB']
})

/** The number of a process that lives, with the start of one that does not. */
function goneProcess(): ProcessIdentity {
  return { pid: process.pid, startTicks: ownIdentity().startTicks - 1 }
}

function machine(name: string, owner: ProcessIdentity = ownIdentity()): MachineState {
  return {
    version: 1,
    name,
    options: machineOptionsSchema.parse({ name }),
    owner,
    kept: false,
    phase: 'off',
    qemu: null,
    sshPort: null,
    sshKey: '',
    sshKnownHosts: '',
    ramFile: path.join(lab, `${name}.ram`),
    socketDirectory: path.join(lab, `${name}.sockets`),
    hypervisor: { version: '', buildId: '' },
    guest: { kernel: '', initramfs: '' },
  }
}

/** As a machine stays behind when its owner is killed. */
function leaveBehind(name: string): MachineState {
  const state = machine(name, goneProcess())
  mkdirSync(machinePaths(name).directory, { recursive: true })
  mkdirSync(state.socketDirectory)
  writeFileSync(state.ramFile, '')
  writeMachineState(machinePaths(name).directory, state)
  return state
}

describe('claimMachine()', () => {
  it('makes the machine known', () => {
    claimMachine(machine('b'))
    claimMachine(machine('a'))
    expect(listMachines().map(({ name }) => name)).toEqual(['a', 'b'])
    expect(findMachine('a')).toEqual(machine('a'))
  })

  it('refuses a name that is taken, and leaves the machine as it is', () => {
    claimMachine(machine('a'))
    expect(() => claimMachine({ ...machine('a'), kept: true })).toThrow(
      expect.objectContaining({ code: 'machine-exists' }) as Error,
    )
    expect(listMachines()).toEqual([machine('a')])
  })

  it('takes the name of a machine whose owner is gone', () => {
    leaveBehind('a')
    claimMachine(machine('a'))
    expect(findMachine('a').owner).toEqual(ownIdentity())
  })
})

describe('sweepStaleMachines()', () => {
  it('removes all that was left behind, and nothing of a machine that lives', () => {
    claimMachine(machine('alive'))
    const stale = leaveBehind('stale')
    expect(sweepStaleMachines()).toEqual(['stale'])
    for (const file of [stale.ramFile, stale.socketDirectory, machinePaths('stale').directory]) {
      expect(existsSync(file)).toBe(false)
    }
    expect(listMachines().map(({ name }) => name)).toEqual(['alive'])
  })

  it('removes a claim that was never finished', () => {
    mkdirSync(path.join(lab, 'machines', '.claim-999999999-abc'), { recursive: true })
    sweepStaleMachines()
    expect(existsSync(path.join(lab, 'machines', '.claim-999999999-abc'))).toBe(false)
  })

  it('has nothing to do where there is no lab yet', () => {
    expect(sweepStaleMachines()).toEqual([])
  })
})

describe('findMachine()', () => {
  it('names the machines that there are', () => {
    claimMachine(machine('a'))
    expect(() => findMachine('b')).toThrow('Cannot find a machine named b: these are up: a')
  })

  it('does not find a machine whose owner is gone', () => {
    leaveBehind('a')
    expect(() => findMachine('a')).toThrow('no machine is up')
  })
})
