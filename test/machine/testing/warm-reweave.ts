import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { spawnOwned } from '../../../src/workshop/owned-process.ts'
import { type RemoteMachine, sshTarget } from '../../../lab/remote-machine.ts'
import { sshArguments } from '../../../lab/ssh.ts'
import { parsed, type ReweaveAnswer } from './reweave-answer.ts'

const PROGRAM = '/opt/reweave/programs/commands.mjs'

/**
 * Commands of Reweave in one process in Dom0 that stays (`test/dom0/commands.ts`).
 *
 * In emulation a command spends most of its time on starting Node. Where a test needs a command
 * many times over, this saves that; each still takes and gives back the lock and the device.
 */
export class WarmReweave {
  readonly #child: ChildProcess
  readonly #answers: AsyncIterator<string>

  constructor(machine: RemoteMachine) {
    const environment = ['REWEAVE_KIT=/opt/reweave', 'NODE_COMPILE_CACHE=/var/cache/reweave']
    const command = [
      'env',
      ...environment,
      'node',
      '--disable-warning=ExperimentalWarning',
      PROGRAM,
    ]
    this.#child = spawnOwned('ssh', sshArguments(sshTarget(machine.state()), command), {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const { stdout } = this.#child
    if (stdout === null) throw new Error('ssh has no output')
    this.#answers = createInterface({ input: stdout })[Symbol.asyncIterator]()
  }

  async run(args: readonly string[]): Promise<ReweaveAnswer> {
    this.#child.stdin?.write(`${JSON.stringify([...args, '--json'])}\n`)
    const { done, value } = await this.#answers.next()
    if (done) throw new Error(`${PROGRAM} ended`)
    const { exit, stdout, stderr } = JSON.parse(value) as {
      exit: number
      stdout: string
      stderr: string
    }
    return { exit, json: parsed(stdout), stderr }
  }

  async end(): Promise<void> {
    const closed = once(this.#child, 'close')
    this.#child.stdin?.end()
    await closed
  }
}
