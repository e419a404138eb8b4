import type { CostByPart } from '../src/memory/metered-memory.ts'

/** What of `reweave apply --json` and `reweave revert --json` the demo reads. */
export interface ChangeJson {
  readonly result: string
  readonly written: number
  readonly engine: string
  readonly dma: { readonly bytes: number; readonly transfers: number }
  readonly cost: CostByPart
  readonly seconds: number
}
