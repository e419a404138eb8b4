import { setTimeout as sleep } from 'node:timers/promises'
import { reweaveInDom0 } from '../lab/dom0-reweave.ts'
import { startGuest } from '../lab/guest.ts'
import { gapsWithin, parseBeats, type Window } from '../lab/heartbeat.ts'
import { guestTypeSchema } from '../lab/machine-options.ts'
import type { SeenSection } from '../lab/xen-memory.ts'
import { requireBeating } from './require-beating.ts'
import { bytesDifferent, type TrialHost } from './trial-host.ts'
import type { ProbeAnswer, Silences, TrialChannel, TrialReport } from './trial-report.ts'

export interface TrialOrder {
  /** What `apply` calls it: `xsa-506`. */
  readonly name: string
  /** The bundle, on this host. */
  readonly file: string
  readonly channel: TrialChannel | 'auto'
  /** More options for `apply`. */
  readonly applyOptions: readonly string[]
  /** A command for Dom0's shell that exits 0 when the hole is closed. */
  readonly probe: string | undefined
  readonly progress: (line: string) => void
}

/** Longer than an apply takes, so that an equally long quiet time lies just before it. */
const QUIET_MS = 8000
/** By then the beat that ends the last gap is logged. */
const SETTLE_MS = 1500
/** A guest ran when its heart beat that often after its first beats: about a second. */
const BEATS_TO_RUN = 20

/**
 * Applies a hotfix on a running machine, creates, runs and destroys a PV and a PVH guest, reverts
 * it, and compares Xen's memory with what it was. The guests that ran before must run on.
 *
 * Never throws for a step that does not hold: the report says which. What was applied is reverted
 * whatever happens in between.
 */
export async function tryHotfix(host: TrialHost, order: TrialOrder): Promise<TrialReport> {
  return await new Trial(host, order).run()
}

class Trial {
  readonly #host: TrialHost
  readonly #order: TrialOrder
  readonly #begun = performance.now()
  #applied = false
  #reverted = false
  #channel: TrialChannel | undefined
  readonly #guests = { created: 0, ran: 0, destroyed: 0 }
  #untouched: readonly SeenSection[] = []
  readonly #differing: { whileApplied?: number; afterRevert?: number } = {}
  readonly #pauses: Record<'quiet' | 'apply' | 'revert', Silences> = {
    quiet: {},
    apply: {},
    revert: {},
  }
  readonly #seconds = { apply: 0, revert: 0 }
  readonly #probes: Partial<Record<'before' | 'applied' | 'reverted', ProbeAnswer>> = {}
  readonly #answers: { apply: unknown; revert: unknown } = { apply: undefined, revert: undefined }

  constructor(host: TrialHost, order: TrialOrder) {
    this.#host = host
    this.#order = order
  }

  async run(): Promise<TrialReport> {
    let failure: string | undefined
    try {
      failure = await this.#steps()
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error)
    }
    if (this.#applied && !this.#reverted) {
      try {
        await this.#revert()
        this.#differing.afterRevert = this.#bytesDifferent()
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        failure = `${failure ?? ''}; and it could not be reverted: ${why}`
      }
    }
    return this.#report(failure)
  }

  /** All steps; what did not hold, if anything. */
  async #steps(): Promise<string | undefined> {
    const { machine } = this.#host
    const { progress } = this.#order
    this.#untouched = this.#host.see()
    await machine.push(this.#order.file, this.#remoteFile())
    await this.#probe('before')
    progress('Watching the guests in a quiet time')
    await sleep(QUIET_MS)
    await this.#requireWitnesses()
    await this.#apply()
    await this.#requireWitnesses()
    await this.#probe('applied')
    this.#differing.whileApplied = this.#bytesDifferent()
    for (const type of guestTypeSchema.options) await this.#runGuest(type)
    await this.#requireWitnesses()
    await this.#revert()
    await this.#requireWitnesses()
    await this.#probe('reverted')
    this.#differing.afterRevert = this.#bytesDifferent()
    return this.#judge()
  }

  async #apply(): Promise<void> {
    const { channel, applyOptions, progress } = this.#order
    progress(`Applying ${this.#order.name} by ${channel}`)
    const answer = (await this.#change('apply', [
      'apply',
      this.#remoteFile(),
      '--channel',
      channel,
      ...applyOptions,
    ])) as { result: string; channel: TrialChannel }
    this.#applied = answer.result === 'applied'
    this.#channel = answer.channel
    if (!this.#applied) throw new Error(`'apply' said ${answer.result}, and not 'applied'`)
  }

  async #revert(): Promise<void> {
    this.#order.progress(`Reverting ${this.#order.name}`)
    const answer = (await this.#change('revert', ['revert', this.#order.name])) as {
      result: string
    }
    this.#reverted = answer.result === 'reverted'
    if (!this.#reverted) throw new Error(`'revert' said ${answer.result}, and not 'reverted'`)
  }

  /** Runs a command that changes Xen while the witnesses' hearts are watched. */
  async #change(phase: 'apply' | 'revert', args: readonly string[]): Promise<unknown> {
    const { hearts, machine } = this.#host
    const fromMs = await hearts.now()
    const answer = await reweaveInDom0(machine, args)
    const toMs = await hearts.now()
    this.#answers[phase] = answer
    this.#seconds[phase] = (toMs - fromMs) / 1000
    await sleep(SETTLE_MS)
    this.#pauses[phase] = await this.#silences({ fromMs, toMs })
    if (phase === 'apply') {
      this.#pauses.quiet = await this.#silences({ fromMs: fromMs - (toMs - fromMs), toMs: fromMs })
    }
    return answer
  }

  /** The guests that ran before still run. */
  async #requireWitnesses(): Promise<void> {
    const { hearts, witnesses } = this.#host
    for (const name of witnesses) {
      await requireBeating(name, async () => (await hearts.beats(name)).length, { more: 1 })
    }
  }

  async #silences(window: Window): Promise<Silences> {
    const { hearts, witnesses } = this.#host
    const entries = witnesses.map(
      async (name) => [name, gapsWithin(await hearts.beats(name), window).longestMs] as const,
    )
    return Object.fromEntries(await Promise.all(entries))
  }

  async #probe(when: 'before' | 'applied' | 'reverted'): Promise<void> {
    const { probe } = this.#order
    if (probe === undefined) return
    const { exit, stdout, stderr } = await this.#host.machine.exec(['sh', '-c', probe])
    const output = `${stdout}${stderr}`.trim().split('\n').slice(-5).join('\n')
    this.#probes[when] = { exit, output }
  }

  async #runGuest(type: 'pv' | 'pvh'): Promise<void> {
    const { machine } = this.#host
    this.#order.progress(`Creating a ${type.toUpperCase()} guest under the hotfix`)
    const guest = await startGuest(machine, { name: `trial-${type}`, type })
    this.#guests.created += 1
    const beats = async (): Promise<number> =>
      parseBeats(await machine.run(['cat', guest.log])).length
    await requireBeating(guest.name, beats, { more: BEATS_TO_RUN })
    this.#guests.ran += 1
    await guest.destroy()
    this.#guests.destroyed += 1
  }

  /** Between now and before the hotfix was applied. */
  #bytesDifferent(): number {
    return bytesDifferent(this.#untouched, this.#host.see())
  }

  /** What did not hold although every command ended well. */
  #judge(): string | undefined {
    const { whileApplied, afterRevert } = this.#differing
    if (whileApplied === 0) return "no byte of Xen's code changed by the apply"
    if (afterRevert !== 0) {
      return `${afterRevert} bytes of Xen's code or constants differ after the revert`
    }
    const { applied } = this.#probes
    if (applied !== undefined && applied.exit !== 0) {
      return `the probe finds the hole open under the hotfix (exit ${applied.exit}): ${applied.output}`
    }
    return undefined
  }

  #report(failure: string | undefined): TrialReport {
    const { before, applied, reverted } = this.#probes
    const silences = [this.#pauses.apply, this.#pauses.revert].flatMap((each) =>
      Object.values(each),
    )
    return {
      ok: failure === undefined,
      failure,
      hotfix: this.#order.name,
      channel: this.#channel ?? (this.#order.channel === 'auto' ? undefined : this.#order.channel),
      applied: this.#applied,
      guests: this.#guests,
      reverted: this.#reverted,
      text: {
        bytes: this.#untouched.reduce((sum, { bytes }) => sum + bytes.length, 0),
        bytesDifferentWhileApplied: this.#differing.whileApplied,
        bytesDifferentAfterRevert: this.#differing.afterRevert,
      },
      probe:
        this.#order.probe !== undefined && before && applied && reverted
          ? {
              command: this.#order.probe,
              tells: before.exit !== applied.exit && reverted.exit !== applied.exit,
              before,
              applied,
              reverted,
            }
          : undefined,
      pauseMaxMs: silences.length === 0 ? undefined : Math.max(...silences),
      pauses: this.#pauses,
      seconds: { ...this.#seconds, all: (performance.now() - this.#begun) / 1000 },
      answers: this.#answers,
    }
  }

  #remoteFile(): string {
    return `/root/${this.#order.name}.hotfix`
  }
}
