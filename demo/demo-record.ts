import type { HypervisorParts } from '../lab/parts.ts'
import type { MemoryChange } from '../lab/ram-diff.ts'
import type { ChangeJson } from './change-json.ts'
import type { DemoReport, DemoStep, GuestHeartbeat, Phase, ReportedWrite } from './report.ts'
import type { DemoHooks } from './run-demo.ts'
import type { SeenSection } from '../lab/xen-memory.ts'

/** What a step came to. A step without `held` holds. */
export interface StepResult<T> {
  readonly result: T
  readonly finding: string
  readonly held?: boolean
}

/** A step of the demo did not hold; the demo ends with it. */
export class StepNotHeld extends Error {
  readonly code = 'step-not-held'
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** Gathers what the demo sees, as it goes, so that a report can be made at any point. */
export class DemoRecord {
  readonly #hooks: DemoHooks
  readonly #startedAt = new Date()
  readonly #steps: DemoStep[] = []
  readonly #phases: Phase[] = []
  readonly #heartbeats: Record<string, GuestHeartbeat> = {}
  #failure: string | undefined
  #xen = { version: '', buildId: '', packageVersion: '' }
  #engine = ''
  #writes: readonly ReportedWrite[] = []
  #probe: Writable<DemoReport['probe']> = {}
  #bytes: Writable<DemoReport['bytes']> = {
    planned: 0,
    changed: 0,
    foreign: 0,
    comparedSections: [],
    comparedBytes: 0,
  }
  #cost: DemoReport['cost']
  #dma: DemoReport['dma'] = { bytes: 0, transfers: 0, revertBytes: 0 }

  constructor(hooks: DemoHooks) {
    this.#hooks = hooks
  }

  get phases(): readonly Phase[] {
    return this.#phases
  }

  /** Runs a step, times it, and keeps what was found. Throws when the step does not hold. */
  async step<T>(name: string, title: string, act: () => Promise<StepResult<T>>): Promise<T> {
    this.#hooks.step(title)
    const start = performance.now()
    const keep = (held: boolean, finding: string): void => {
      const seconds = (performance.now() - start) / 1000
      this.#steps.push({ name, title, seconds, held, finding })
      this.#hooks.finding(held, finding)
    }
    let outcome: StepResult<T>
    try {
      outcome = await act()
    } catch (error) {
      keep(false, error instanceof Error ? error.message : String(error))
      throw error
    }
    const held = outcome.held ?? true
    keep(held, outcome.finding)
    if (!held) throw new StepNotHeld(`'${title}' does not hold: ${outcome.finding}`)
    return outcome.result
  }

  xen({ version, buildId }: HypervisorParts): void {
    this.#xen = { version: version.split('+')[0] ?? version, buildId, packageVersion: version }
  }

  probe(when: 'before' | 'after' | 'reverted', answer: number): void {
    this.#probe[when] = answer
  }

  phase(phase: Phase): void {
    this.#phases.push(phase)
  }

  writes(writes: readonly (Omit<ReportedWrite, 'address'> & { readonly at: string })[]): void {
    this.#writes = writes.map(({ role, place, at, before, after, why }) => ({
      role,
      place,
      address: at,
      before,
      after,
      why,
    }))
  }

  change(phase: 'apply' | 'revert' | 'apply-again', { engine, dma, cost }: ChangeJson): void {
    this.#engine = engine
    if (phase === 'apply') {
      this.#dma = { ...this.#dma, ...dma }
      this.#cost = cost
    }
    if (phase === 'revert') this.#dma = { ...this.#dma, revertBytes: dma.bytes }
  }

  bytes(change: MemoryChange, compared: readonly SeenSection[]): void {
    this.#bytes = {
      ...this.#bytes,
      planned: change.planned,
      changed: change.changed,
      foreign: change.foreign,
      comparedSections: compared.map(({ name }) => name),
      comparedBytes: compared.reduce((sum, { bytes }) => sum + bytes.length, 0),
    }
  }

  afterRevert(changed: number): void {
    this.#bytes.afterRevert = changed
  }

  heartbeat(guest: string, heartbeat: GuestHeartbeat): void {
    this.#heartbeats[guest] = heartbeat
  }

  /** The demo ended early. */
  stopped(error: unknown): void {
    this.#failure = error instanceof Error ? error.message : String(error)
  }

  report(): DemoReport {
    return {
      ok: this.#failure === undefined && this.#steps.every(({ held }) => held),
      ...(this.#failure !== undefined && { failure: this.#failure }),
      startedAt: this.#startedAt.toISOString(),
      xen: this.#xen,
      fix: {
        name: 'xsa-506',
        advisory: 'XSA-506',
        title: 'dm_op reads stack rubble when it is given too few buffers',
      },
      engine: this.#engine,
      probe: this.#probe,
      bytes: this.#bytes,
      heartbeat: this.#heartbeats,
      phases: this.#phases,
      writes: this.#writes,
      dma: this.#dma,
      ...(this.#cost && { cost: this.#cost }),
      seconds: Object.fromEntries(this.#steps.map(({ name, seconds }) => [name, seconds])),
      steps: this.#steps,
    }
  }
}
