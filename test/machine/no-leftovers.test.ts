import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TINY_READY_LINE } from '../../lab/testing/tiny-machine.ts'
import { listMachines, sweepStaleMachines } from '../../lab/machine-registry.ts'
import { machinePaths } from '../../lab/machine-paths.ts'
import type { MachineState } from '../../lab/machine-state.ts'
import { isAlive, signalProcess } from '../../lab/process-identity.ts'

const NAME = 'tiny'

let lab: string
let owner: ChildProcess | undefined

beforeEach(() => {
  lab = mkdtempSync(path.join(os.tmpdir(), 'leftovers-'))
  process.env['REWEAVE_LAB'] = lab
})

afterEach(async () => {
  owner?.kill('SIGKILL')
  for (const machine of listMachines()) signalProcess(machine.owner, 'SIGKILL')
  await until(() => listMachines().length === 0)
  sweepStaleMachines()
  rmSync(lab, { recursive: true })
  delete process.env['REWEAVE_LAB']
})

describe('a machine', () => {
  it.each(['SIGKILL', 'SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'leaves no process and no file when %s ends its owner',
    async (signal) => {
      const machine = await bootedBy('own')
      owner?.kill(signal)
      await until(() => !isAlive(machine.owner))
      expect(await leftOf(machine, signal)).toEqual([])
    },
  )

  it('is killed together with QEMU when QEMU is on its way up', async () => {
    startOwner('own')
    const machine = await stateWhen((state) => state.qemu !== null)
    owner?.kill('SIGKILL')
    expect(await leftOf(machine, 'SIGKILL')).toEqual([])
  })
})

describe('a kept machine', () => {
  it('leaves nothing when the process that ordered it is killed before it is ready', async () => {
    const machine = await bootedBy('keep')
    expect(machine.owner.pid).not.toBe(owner?.pid)
    owner?.kill('SIGKILL')
    await until(() => !isAlive(machine.owner))
    // The keeper saw its end coming, so there is nothing for a sweep to do.
    expect(filesOf(machine)).toEqual([])
    expect(await leftOf(machine, 'SIGKILL')).toEqual([])
  })

  it('leaves nothing when its keeper is killed', async () => {
    const machine = await bootedBy('keep')
    signalProcess(machine.owner, 'SIGKILL')
    await until(() => !isAlive(machine.owner))
    expect(await leftOf(machine, 'SIGKILL')).toEqual([])
  })
})

describe('two machines', () => {
  it('cannot have one name', async () => {
    await bootedBy('own')
    const second = spawnOwner('own', 'second')
    let complaint = ''
    second.stderr?.on('data', (part: Buffer) => (complaint += part.toString('utf8')))
    const [exit] = (await once(second, 'close')) as [number]
    expect(exit).not.toBe(0)
    expect(complaint).toContain('a machine of that name is up')
    expect(listMachines().map(({ name }) => name)).toEqual([NAME])
  })
})

function startOwner(how: 'own' | 'keep'): void {
  owner = spawnOwner(how, 'parts')
}

function spawnOwner(how: 'own' | 'keep', parts: string): ChildProcess {
  const program = path.resolve(import.meta.dirname, '../../lab/testing/tiny-owner.ts')
  return spawn(process.execPath, [program, how, NAME, path.join(lab, parts)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
}

/** The machine, as soon as its kernel has run: QEMU and its RAM file are there, and used. */
async function bootedBy(how: 'own' | 'keep'): Promise<MachineState> {
  startOwner(how)
  const console = machinePaths(NAME).console
  await until(() => existsSync(console) && readFileSync(console, 'utf8').includes(TINY_READY_LINE))
  const machine = await stateWhen((state) => state.qemu !== null)
  expect(processesOf(machine)).not.toEqual([])
  expect(filesOf(machine)).toEqual([
    machine.ramFile,
    machine.socketDirectory,
    machinePaths(NAME).directory,
  ])
  return machine
}

async function stateWhen(holds: (state: MachineState) => boolean): Promise<MachineState> {
  let found: MachineState | undefined
  await until(() => {
    found = listMachines().find(holds)
    return found !== undefined
  })
  if (found === undefined) throw new Error('no machine came')
  return found
}

/** What is still there of a machine, once its processes are gone. */
async function leftOf(machine: MachineState, signal: string): Promise<readonly string[]> {
  await until(() => processesOf(machine).length === 0)
  // Nobody can clean up after a SIGKILL but the next one who looks.
  if (signal === 'SIGKILL') sweepStaleMachines()
  const entries = readdirSync(path.join(lab, 'machines'))
  return [...processesOf(machine), ...filesOf(machine), ...entries]
}

function filesOf(machine: MachineState): readonly string[] {
  return [machine.ramFile, machine.socketDirectory, machinePaths(machine.name).directory].filter(
    (file) => existsSync(file),
  )
}

/** All processes whose command line names something of the machine's: QEMU, ssh. */
function processesOf(machine: MachineState): readonly string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      } catch {
        return ''
      }
    })
    .filter((line) => line.includes(machine.socketDirectory))
}

/** Comes back when the condition holds; the test's own time-out is the limit. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(20)
}
