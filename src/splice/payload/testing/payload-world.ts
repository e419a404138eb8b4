import { advance, distance, machineAddress } from '../../../address/address.ts'
import { contains } from '../../../address/address-range.ts'
import { type ImageLocation, toMachine } from '../../../image/image-location.ts'
import type { Image } from '../../../image/image.ts'
import { SimRam } from '../../../memory/testing/sim-ram.ts'
import type { FixState } from '../../fix-state.ts'
import { lastTransactionOf } from '../../journal-history.ts'
import type { JournalEntry } from '../../journal.ts'
import { LiveSnapshot } from '../../live-snapshot.ts'
import { rangeOf } from '../../plan-shape.ts'
import type { SplicePlan } from '../../plan.ts'
import { precheck, type PrecheckOutcome, type SpliceGoal } from '../../precheck.ts'
import { stateOf } from '../../state-of.ts'
import { SimMemory } from '../../testing/sim-memory.ts'
import {
  runTransaction,
  type TransactionOutcome,
  type TransactionPorts,
} from '../../transaction.ts'
import type { ExaminedPayload } from '../examine-payload.ts'
import { payloadReads } from '../payload-reads.ts'
import { planPayloadSplice } from '../plan-payload-splice.ts'

const BOOT = 'boot-1'

/** A simulated machine that runs an image, and a journal: what outlives the processes. */
export class PayloadWorld {
  readonly examined: ExaminedPayload
  readonly ram: SimRam
  readonly location: ImageLocation
  readonly #journal: JournalEntry[] = []
  #transactions = 0

  constructor(examined: ExaminedPayload) {
    this.examined = examined
    const { image } = examined.order
    const machine = { start: machineAddress(0x5fa0_0000n), byteLength: image.byteLength }
    this.location = { virtualStart: image.start, machine }
    this.ram = ramOf(image, this.location)
  }

  /** The ports of a new process. */
  ports(): TransactionPorts {
    return {
      memory: new SimMemory(this.ram, () => undefined),
      journal: {
        append: async (record) => {
          const sequence = this.#journal.length + 1
          this.#journal.push({ sequence, bootId: BOOT, time: '2026-01-02T03:04:05.678Z', record })
        },
      },
      passage: { everyCpuHasLeft: async () => ({ kind: 'left' }) },
    }
  }

  /** Plans by what memory and the journal have now, as a process that has just begun does. */
  plan(): SplicePlan {
    const runs = payloadReads(this.examined).map((range) => ({ range, bytes: this.#bytes(range) }))
    const last = lastTransactionOf(this.#journal, this.examined.order.name, BOOT)
    const previous = last?.begin.plan
    const live = new LiveSnapshot(runs)
    const planned = planPayloadSplice({ examined: this.examined, live, previous })
    if (planned.kind === 'planned') return planned.plan
    throw new Error(`Refused: ${planned.refusals.map(({ kind }) => kind).join(', ')}`)
  }

  /** Plans, checks and acts. */
  async spliceTo(
    goal: SpliceGoal,
    ports: TransactionPorts = this.ports(),
  ): Promise<TransactionOutcome | Exclude<PrecheckOutcome, { readonly kind: 'ready' }>> {
    const plan = this.plan()
    const { location } = this
    const { image } = this.examined.order
    const checked = await precheck(ports.memory, { plan, goal, location, image })
    if (checked.kind !== 'ready') return checked
    const { grant, found } = checked
    this.#transactions += 1
    const transaction = `t${this.#transactions}`
    return runTransaction(ports, {
      transaction,
      engine: 'sim',
      plan,
      goal,
      location,
      grant,
      found,
    })
  }

  /** What memory shows of the plan that would be made now. */
  state(): FixState {
    const plan = this.plan()
    return stateOf(
      plan,
      plan.writes.map((write) => this.#bytes(rangeOf(write))),
    )
  }

  /** Whether memory is as it was before anything was written. */
  isUntouched(): boolean {
    const fresh = ramOf(this.examined.order.image, this.location)
    return fresh.bytes.every((byte, index) => byte === this.ram.bytes[index])
  }

  #bytes(range: ReturnType<typeof rangeOf>): Uint8Array {
    const { start, byteLength } = toMachine(this.location, range)
    return this.ram.read(start, byteLength)
  }
}

function ramOf(image: Image, location: ImageLocation): SimRam {
  const ram = new SimRam(location.machine.start, image.byteLength)
  for (const section of image.sections) {
    const at = advance(location.machine.start, distance(image.start, section.start))
    const fits = contains(ram.range, { start: at, byteLength: section.byteLength })
    if (section.bytes !== undefined && fits) ram.write(at, section.bytes)
  }
  return ram
}
