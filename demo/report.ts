import type { Beat, Window } from '../lab/heartbeat.ts'
import type { CostByPart } from '../src/memory/metered-memory.ts'

/** A guest's heartbeats over the whole demo, and its longest silences. */
export interface GuestHeartbeat {
  readonly type: 'pv' | 'pvh'
  readonly beats: readonly Beat[]
  readonly quietMaxGapMs: number
  readonly applyMaxGapMs: number
  readonly revertMaxGapMs: number
  /** What a gap may be: the quiet one times 1.5 or plus 250 ms, whichever is more. */
  readonly applyAllowedMs: number
  readonly revertAllowedMs: number
  readonly missingBeats: number
  readonly held: boolean
}

/** One step of the demo. `held` is false for the step that ended it. */
export interface DemoStep {
  readonly name: string
  readonly title: string
  readonly seconds: number
  readonly held: boolean
  /** What was seen, in a sentence. */
  readonly finding: string
}

/** A stretch of the demo's time, by Dom0's clock. */
export interface Phase extends Window {
  readonly name:
    | 'quiet'
    | 'apply'
    | 'quiet-before-revert'
    | 'revert'
    | 'quiet-before-again'
    | 'apply-again'
}

/** A write of the plan, as the report shows it. */
export interface ReportedWrite {
  readonly role: string
  readonly place: string
  readonly address: string
  readonly before: string
  readonly after: string
  readonly why: string
}

/** Everything that the demo saw: the contents of out/demo/report.json. */
export interface DemoReport {
  readonly ok: boolean
  /** Why the demo ended early, if it did. */
  readonly failure?: string
  readonly startedAt: string
  readonly xen: {
    readonly version: string
    readonly buildId: string
    readonly packageVersion: string
  }
  readonly fix: { readonly name: string; readonly advisory: string; readonly title: string }
  readonly engine: string
  /** The hypercall's return values. A demo that ended early has not asked for all. */
  readonly probe: {
    readonly before?: number
    readonly after?: number
    readonly reverted?: number
  }
  /** In the sections of Xen's image that never change by themselves. */
  readonly bytes: {
    readonly planned: number
    readonly changed: number
    readonly foreign: number
    /** Bytes that still differ from the start after the revert. */
    readonly afterRevert?: number
    readonly comparedSections: readonly string[]
    readonly comparedBytes: number
  }
  readonly heartbeat: Readonly<Record<string, GuestHeartbeat>>
  readonly phases: readonly Phase[]
  readonly writes: readonly ReportedWrite[]
  /** Moved to identify, apply and verify; the engine's self-test on its own frames is apart. */
  readonly dma: { readonly bytes: number; readonly transfers: number; readonly revertBytes: number }
  /** The parts of `dma.bytes`, and the time of each. Of a demo that ended early, nothing. */
  readonly cost?: CostByPart
  readonly seconds: Readonly<Record<string, number>>
  readonly steps: readonly DemoStep[]
}
