import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { findTripleFault } from '../lab/triple-fault.ts'
import { startGuest } from '../lab/guest.ts'
import type { GuestType } from '../lab/machine-options.ts'
import { type Machine, startMachine } from '../lab/machine.ts'
import { sweepStaleMachines } from '../lab/machine-registry.ts'
import { LabNotPrepared } from '../lab/lab-refusal.ts'
import { type LabParts, prepareLab } from '../lab/parts.ts'
import { compareMemory, type MemoryChange } from '../lab/ram-diff.ts'
import { type HeartbeatWatch, watchHeartbeats } from '../lab/watch-heartbeats.ts'
import { virtualAddress } from '../src/address/address.ts'
import { type ImageLocation, toMachine } from '../src/image/image-location.ts'
import type { Image } from '../src/image/image.ts'
import { readImage } from '../src/image/read-image.ts'
import type { CostByPart } from '../src/memory/metered-memory.ts'
import type { Extent } from '../src/memory/physical-memory.ts'
import type { ChangeJson } from './change-json.ts'
import { reweaveInDom0 } from '../lab/dom0-reweave.ts'
import { DemoRecord } from './demo-record.ts'
import { judgeHeartbeat } from './judge-heartbeat.ts'
import type { DemoReport, Phase } from './report.ts'
import { locationFrom, type SeenSection, seeConstantSections } from '../lab/xen-memory.ts'

const FIX = 'xsa-506'
/** What a mended Xen answers (-ENODATA). */
const CLOSED = -61
const GUESTS: readonly { readonly name: string; readonly type: GuestType }[] = [
  { name: 'pv', type: 'pv' },
  { name: 'pvh', type: 'pvh' },
]
const MOST_ATTEMPTS = 3
/** Longer than an apply takes, so that an equally long quiet time lies just before it. */
const QUIET_MS = 15_000
/** By then the beat that ends the last gap is logged. */
const SETTLE_MS = 1500

export interface DemoHooks {
  /** A step begins. */
  readonly step: (title: string) => void
  /** A line from inside a step. */
  readonly progress: (line: string) => void
  /** A step ended: what was seen. */
  readonly finding: (held: boolean, finding: string) => void
}

/**
 * Shows the whole path on a real Xen: probe, mend under running guests, prove from outside, take
 * back, mend again.
 *
 * Never throws for a step that does not hold: the report says which, and `ok` is false.
 *
 * @throws LabNotPrepared when this host cannot make the lab: there is nothing to report then
 */
// A guest that ended by a triple fault says nothing about Xen or the fix (lab/triple-fault.ts), so the
// demo starts over, and says why. Anything else that does not hold ends it.
export async function runDemo(hooks: DemoHooks): Promise<DemoReport> {
  for (let attempt = 1; ; attempt += 1) {
    const { report, tripleFault } = await demonstrate(hooks)
    if (report.ok || tripleFault === undefined || attempt >= MOST_ATTEMPTS) return report
    hooks.step(`${tripleFault}. Starting over`)
  }
}

async function demonstrate(
  hooks: DemoHooks,
): Promise<{ readonly report: DemoReport; readonly tripleFault: string | undefined }> {
  let tripleFault: string | undefined
  const record = new DemoRecord(hooks)
  let machine: Machine | undefined
  try {
    const parts = await record.step('prepare', 'Prepare the lab', async () => {
      sweepStaleMachines()
      const prepared = await prepareLab({ progress: hooks.progress })
      record.xen(prepared.hypervisor)
      return {
        result: prepared,
        finding: `Debian's Xen ${prepared.hypervisor.version}, build-id ${prepared.hypervisor.buildId}`,
      }
    })
    machine = await record.step(
      'boot',
      'Boot Xen and Dom0 in QEMU, without hardware virtualisation',
      async () => {
        const request = { name: `demo-${process.pid}`, engines: ['nvme' as const] }
        const booted = await startMachine(parts, request, { progress: hooks.progress })
        return { result: booted, finding: 'Dom0 answers' }
      },
    )
    await new Demonstration(record, machine, parts).run()
  } catch (error) {
    if (error instanceof LabNotPrepared) throw error
    record.stopped(error)
  } finally {
    tripleFault = machine && findTripleFault(machine.consoleLog())
    await machine?.stop()
  }
  return { report: record.report(), tripleFault }
}

/** What is done on the one machine, once it runs. */
class Demonstration {
  readonly #record: DemoRecord
  readonly #machine: Machine
  readonly #image: Image
  #location: ImageLocation | undefined
  #watch: HeartbeatWatch | undefined
  #planned: readonly Extent[] = []

  constructor(record: DemoRecord, machine: Machine, parts: LabParts) {
    this.#record = record
    this.#machine = machine
    const read = readImage(readFileSync(parts.hypervisor.syms))
    if (read.kind === 'refused') throw new Error(`Cannot read ${parts.hypervisor.syms}`)
    this.#image = read.image
  }

  async run(): Promise<void> {
    await this.#startGuests()
    await this.#inspect()
    await this.#probe('before', 'Probe the hole from Dom0', (answer) => answer !== CLOSED)
    await this.#plan()
    const original = this.#see()

    await this.#change('quiet', 'apply', 'Mend it by DMA while the guests run')
    await this.#probe('after', 'Probe again', (answer) => answer === CLOSED)
    const mended = this.#see()
    await this.#prove('prove-applied', original, mended, (change) => {
      this.#record.bytes(change, original)
      return change.changed > 0 && change.foreign === 0
    })

    await this.#change('quiet-before-revert', 'revert', 'Take it back')
    await this.#probe('reverted', 'Probe the open hole', (answer) => answer !== CLOSED)
    await this.#prove('prove-reverted', original, this.#see(), (change) => {
      this.#record.afterRevert(change.changed)
      return change.changed === 0
    })

    await this.#change('quiet-before-again', 'apply-again', 'Mend it again')
    await this.#prove('prove-applied-again', mended, this.#see(), (change) => change.changed === 0)
    await this.#judgeHeartbeats()
  }

  async #startGuests(): Promise<void> {
    await this.#record.step('guests', 'Start a PV and a PVH guest', async () => {
      for (const guest of GUESTS) await startGuest(this.#machine, guest)
      const names = GUESTS.map(({ name }) => name)
      this.#watch = await watchHeartbeats(this.#machine, names)
      return { result: undefined, finding: 'both hearts beat 20 times a second' }
    })
  }

  async #inspect(): Promise<void> {
    await this.#record.step('inspect', 'Inspect the host', async () => {
      const facts = (await reweaveInDom0(this.#machine, ['inspect'])) as {
        image: { start: string; byteLength: number }
        channels: { channel: string; works: boolean; why: string }[]
      }
      this.#location = locationFrom(this.#image, facts.image)
      const dma = facts.channels.find(({ channel }) => channel === 'dma')
      if (dma?.works !== true) throw new Error(`The DMA channel does not work: ${dma?.why}`)
      return {
        result: undefined,
        finding: `Xen lies at ${facts.image.start}; the DMA channel works ${dma.why}`,
      }
    })
  }

  async #probe(
    when: 'before' | 'after' | 'reverted',
    title: string,
    holds: (answer: number) => boolean,
  ): Promise<void> {
    await this.#record.step(`probe-${when}`, title, async () => {
      const { answer, sentence } = (await reweaveInDom0(
        this.#machine,
        ['probe', FIX],
        [0, 20],
      )) as { answer: number; sentence: string }
      this.#record.probe(when, answer)
      return { result: undefined, finding: sentence, held: holds(answer) }
    })
  }

  async #plan(): Promise<void> {
    await this.#record.step('plan', 'Plan every write', async () => {
      const { plan } = (await reweaveInDom0(this.#machine, ['plan', FIX])) as PlanJson
      this.#planned = plan.writes.map(({ at, before }) =>
        toMachine(this.#where(), {
          start: virtualAddress(BigInt(at)),
          byteLength: before.length / 2,
        }),
      )
      this.#record.writes(plan.writes)
      const bytes = this.#planned.reduce((sum, { byteLength }) => sum + byteLength, 0)
      return { result: undefined, finding: `${plan.writes.length} writes, ${bytes} bytes` }
    })
  }

  /** Applies or reverts while the hearts are watched, after a quiet time. */
  async #change(
    quiet: Phase['name'],
    phase: 'apply' | 'revert' | 'apply-again',
    title: string,
  ): Promise<void> {
    await this.#record.step(quiet, 'Watch the hearts in a quiet time', async () => {
      await sleep(QUIET_MS)
      return { result: undefined, finding: `${QUIET_MS / 1000} s without a command` }
    })
    await this.#record.step(phase, title, async () => {
      const verb = phase === 'revert' ? 'revert' : 'apply'
      const fromMs = await this.#hearts().now()
      const report = (await reweaveInDom0(this.#machine, [verb, FIX])) as ChangeJson
      const toMs = await this.#hearts().now()
      this.#record.phase({ name: quiet, fromMs: fromMs - (toMs - fromMs), toMs: fromMs })
      this.#record.phase({ name: phase, fromMs, toMs })
      this.#record.change(phase, report)
      await sleep(SETTLE_MS)
      const wanted = phase === 'revert' ? 'reverted' : 'applied'
      return {
        result: undefined,
        finding: `${report.result} through ${report.engine}: ${report.written} writes; ${costText(report.cost)}`,
        held: report.result === wanted,
      }
    })
  }

  async #prove(
    name: string,
    before: readonly SeenSection[],
    after: readonly SeenSection[],
    holds: (change: MemoryChange) => boolean,
  ): Promise<void> {
    await this.#record.step(name, "Compare the machine's RAM from outside", () => {
      const change = this.#compare(before, after)
      const bytes = before.reduce((sum, section) => sum + section.bytes.length, 0)
      return Promise.resolve({
        result: undefined,
        finding: `${change.changed} of ${bytes} bytes differ, ${change.foreign} of them unplanned`,
        held: holds(change),
      })
    })
  }

  async #judgeHeartbeats(): Promise<void> {
    await this.#record.step('heartbeats', "Judge the guests' heartbeats", async () => {
      const sentences: string[] = []
      let held = true
      for (const { name, type } of GUESTS) {
        const beats = await this.#hearts().beats(name)
        const heartbeat = judgeHeartbeat(type, beats, this.#record.phases)
        this.#record.heartbeat(name, heartbeat)
        held &&= heartbeat.held
        sentences.push(
          `${name}: longest gap ${Math.round(heartbeat.quietMaxGapMs)} ms quiet, ` +
            `${Math.round(heartbeat.applyMaxGapMs)} ms during apply, ` +
            `${Math.round(heartbeat.revertMaxGapMs)} ms during revert`,
        )
      }
      return { result: undefined, finding: sentences.join('; '), held }
    })
  }

  #see(): readonly SeenSection[] {
    return seeConstantSections(this.#machine, this.#image, this.#where())
  }

  #compare(before: readonly SeenSection[], after: readonly SeenSection[]): MemoryChange {
    const changes = before.map((section, index) => {
      const later = after[index]
      if (later === undefined) throw new Error(`${section.name} was not read again`)
      return compareMemory(section.range.start, section.bytes, later.bytes, this.#planned)
    })
    const sum = (of: (change: MemoryChange) => number): number =>
      changes.reduce((total, change) => total + of(change), 0)
    return {
      planned: sum((change) => change.planned),
      changed: sum((change) => change.changed),
      foreign: sum((change) => change.foreign),
      runs: changes.flatMap((change) => change.runs),
      foreignRuns: changes.flatMap((change) => change.foreignRuns),
    }
  }

  #hearts(): HeartbeatWatch {
    if (this.#watch === undefined) throw new Error('The guests were not started')
    return this.#watch
  }

  #where(): ImageLocation {
    if (this.#location === undefined) throw new Error('The image was not located')
    return this.#location
  }
}

/** `identify 9,728 bytes in 0.05 s, write …, verify …` */
function costText(cost: CostByPart): string {
  return Object.entries(cost)
    .map(([part, { bytes, seconds }]) => `${part} ${bytes} bytes in ${seconds.toFixed(2)} s`)
    .join(', ')
}

interface PlanJson {
  readonly plan: {
    readonly writes: readonly {
      readonly role: string
      readonly place: string
      readonly at: string
      readonly before: string
      readonly after: string
      readonly why: string
    }[]
  }
}
