import { toMachine } from '../../image/image-location.ts'
import type { SimRam } from '../../memory/testing/sim-ram.ts'
import { encodeLine } from '../journal-line.ts'
import type { Checksum, TransactionRecord } from '../journal.ts'
import type { PassageOutcome } from '../passage.ts'
import { rangeOf } from '../plan-shape.ts'
import type { SplicePlan } from '../plan.ts'
import { precheck, type PrecheckOutcome, type SpliceGoal } from '../precheck.ts'
import { runTransaction, type TransactionOutcome, type TransactionPorts } from '../transaction.ts'
import { simHypervisorRam, simImage, simLocation } from './sim-hypervisor.ts'
import { type MemoryEvent, SimMemory } from './sim-memory.ts'

/** What happened in a world, in order, whichever process did it. */
export type WorldEvent =
  | MemoryEvent
  | { readonly kind: 'journal'; readonly record: TransactionRecord }
  | { readonly kind: 'passage'; readonly result: PassageOutcome }

/** A simulated hypervisor and a journal: what outlives the processes that act on them. */
export class SpliceWorld {
  readonly plan: SplicePlan
  readonly ram: SimRam = simHypervisorRam()
  readonly events: WorldEvent[] = []
  passage: PassageOutcome = { kind: 'left' }
  readonly #checksum: Checksum
  readonly #lines: Uint8Array[] = []
  #transactions = 0

  constructor(plan: SplicePlan, checksum: Checksum) {
    this.plan = plan
    this.#checksum = checksum
  }

  /** The same world with the fix in memory from the start. */
  withFixApplied(): this {
    for (const write of this.plan.writes) {
      this.ram.write(toMachine(simLocation, rangeOf(write)).start, write.after)
    }
    return this
  }

  /** The journal's bytes, as its file would hold them. */
  get journalFile(): Uint8Array {
    const file = new Uint8Array(this.#lines.reduce((sum, line) => sum + line.length, 0))
    let at = 0
    for (const line of this.#lines) {
      file.set(line, at)
      at += line.length
    }
    return file
  }

  /** The ports of a new process. */
  ports(): TransactionPorts {
    return {
      memory: new SimMemory(this.ram, (event) => this.events.push(event)),
      journal: {
        append: async (record) => {
          const sequence = this.#lines.length + 1
          const entry = { sequence, bootId: 'boot-1', time: '2026-01-02T03:04:05.678Z', record }
          this.#lines.push(encodeLine(entry, this.#checksum))
          this.events.push({ kind: 'journal', record })
        },
      },
      passage: {
        everyCpuHasLeft: async () => {
          this.events.push({ kind: 'passage', result: this.passage })
          return this.passage
        },
      },
    }
  }

  /** Checks and acts, as the command line does. */
  async spliceTo(
    goal: SpliceGoal,
    ports: TransactionPorts = this.ports(),
  ): Promise<TransactionOutcome | Exclude<PrecheckOutcome, { readonly kind: 'ready' }>> {
    const { plan } = this
    const checked = await precheck(ports.memory, {
      plan,
      goal,
      location: simLocation,
      image: simImage,
    })
    if (checked.kind !== 'ready') return checked
    const { grant, found } = checked
    this.#transactions += 1
    return runTransaction(ports, {
      transaction: `t${this.#transactions}`,
      engine: 'sim',
      plan,
      goal,
      location: simLocation,
      grant,
      found,
    })
  }
}
