import { setTimeout as sleep } from 'node:timers/promises'
import { type Guest, type GuestRequest, startGuest } from '../../../lab/guest.ts'
import { hex, virtualAddress } from '../../../src/address/address.ts'
import type { XenUnderTest } from './xen-under-test.ts'

/** More deaths than this in one test file are no bad luck. */
const MOST_REPLACEMENTS = 5

/** How long xl may take to destroy a guest that has shut down. */
const GONE_WITHIN_MS = 60_000

/** A state of `xl list` (xl(1)) that has `s`, shut down, or `d`, dying, set: `--ps--`, `-----d`. */
const ENDING = / [r-][b-][p-](?:s..|..d) /

/** What Xen prints when a guest has ended by a triple fault: the guest's registers. */
const TRIPLE_FAULT = /d\d+v\d+ Triple fault[^]*?RIP: +\w+:\[<([0-9a-f]+)>\]/g

/**
 * A guest that is replaced, and told of, when a triple fault has ended it.
 *
 * PVH guests end so in QEMU's emulation of SVM, without any mend too, mostly while they boot. A
 * sign of it is often that the guest's registers are Xen's own: its instruction pointer is right
 * behind the `vmrun` in `svm_asm_do_resume`, where nothing that runs in a guest can bring it. So
 * this is for tests whose claim is not that this guest lives on. A guest that is gone without a
 * triple fault fails the test.
 */
export class SturdyGuest {
  readonly #xen: XenUnderTest
  readonly #request: GuestRequest
  #guest: Guest
  #deaths: number
  #replacements = 0

  private constructor(xen: XenUnderTest, request: GuestRequest, guest: Guest) {
    this.#xen = xen
    this.#request = request
    this.#guest = guest
    this.#deaths = tripleFaults(xen).length
  }

  static async start(xen: XenUnderTest, request: GuestRequest): Promise<SturdyGuest> {
    return new SturdyGuest(xen, request, await startGuest(xen.machine, request))
  }

  /** Where in Dom0 its console is logged: anew after each replacement. */
  get log(): string {
    return this.#guest.log
  }

  /**
   * Sees to it that the guest runs.
   *
   * @returns whether it was replaced: what it logged before is gone
   * @throws Error when it is gone without a triple fault, or died too often
   */
  async ensureRuns(): Promise<boolean> {
    if (await this.#runs()) return false
    const { name } = this.#request
    const ends = tripleFaults(this.#xen).slice(this.#deaths)
    if (ends.length === 0) throw new Error(`Guest ${name} is gone, and not by a triple fault`)
    this.#replacements += 1
    if (this.#replacements > MOST_REPLACEMENTS) {
      throw new Error(`Guest ${name} ended by a triple fault ${this.#replacements} times`)
    }
    process.stderr.write(`Guest ${name} ended by a triple fault at ${ends.join(', ')}: a new one\n`)
    this.#guest = await startGuest(this.#xen.machine, this.#request)
    this.#deaths = tripleFaults(this.#xen).length
    return true
  }

  /**
   * Does what asks for a running guest; again where the guest ended meanwhile and was replaced.
   *
   * @param act leaves nothing behind that its repetition would trip over
   * @returns what `act` gave while the guest ran from its start to its end
   */
  async whileItRuns<T>(act: () => Promise<T>): Promise<T> {
    await this.ensureRuns()
    for (;;) {
      const given = await act()
      if (!(await this.ensureRuns())) return given
    }
  }

  async destroy(): Promise<void> {
    if (await this.#runs()) await this.#guest.destroy()
  }

  /** Whether it runs. One that is ending is waited for: its name is taken until it is gone. */
  async #runs(): Promise<boolean> {
    const deadline = Date.now() + GONE_WITHIN_MS
    for (;;) {
      const { exit, stdout } = await this.#xen.machine.exec(['xl', 'list', this.#request.name])
      if (exit !== 0) return false
      if (!ENDING.test(stdout)) return true
      if (Date.now() > deadline) throw new Error(`This guest has ended, but does not go: ${stdout}`)
      await sleep(500)
    }
  }
}

/** For each guest that ended by a triple fault so far: where it was, by its own account. */
function tripleFaults({ machine, image }: XenUnderTest): readonly string[] {
  return [...machine.consoleLog().matchAll(TRIPLE_FAULT)].map(([, address]) => {
    const at = virtualAddress(BigInt(`0x${address}`))
    const inXen = image.functionAt(at)
    return inXen === undefined ? hex(at) : `Xen's ${inXen.name}`
  })
}
