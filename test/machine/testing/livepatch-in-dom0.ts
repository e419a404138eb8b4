import { type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { type RemoteMachine, sshTarget } from '../../../lab/remote-machine.ts'
import { sshArguments } from '../../../lab/ssh.ts'
import { spawnOwned } from '../../../src/workshop/owned-process.ts'
import type { LivepatchRequest } from '../../dom0/livepatch.ts'

const PROGRAM = '/opt/reweave/programs/livepatch.mjs'

/** `test/dom0/livepatch.ts` running in a machine's Dom0. */
export class LivepatchInDom0 {
  readonly #child: ChildProcess
  readonly #answers: AsyncIterator<string>

  constructor(machine: RemoteMachine, folder: string) {
    const command = ['env', 'REWEAVE_KIT=/opt/reweave', 'node', PROGRAM, folder]
    this.#child = spawnOwned('ssh', sshArguments(sshTarget(machine.state()), command), {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const { stdout } = this.#child
    if (stdout === null) throw new Error('ssh has no output')
    this.#answers = createInterface({ input: stdout })[Symbol.asyncIterator]()
  }

  async ask(request: LivepatchRequest): Promise<unknown> {
    this.#child.stdin?.write(`${JSON.stringify(request)}\n`)
    const { done, value } = await this.#answers.next()
    if (done) throw new Error(`${PROGRAM} ended`)
    return JSON.parse(value)
  }

  async end(): Promise<void> {
    const closed = once(this.#child, 'close')
    this.#child.stdin?.end()
    await closed
  }
}
