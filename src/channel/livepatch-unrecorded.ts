import type { LivepatchRecord } from '../splice/journal.ts'
import { describeLivepatchLeft, type LivepatchOutcome } from './livepatch-outcome.ts'
import { describeLivepatchRefusal } from './livepatch-refusal.ts'

/**
 * A record could not be made durable: on a full disk, say, or one that became read-only.
 *
 * Without `outcome` the intent was not recorded, and Xen was asked for nothing. With one, the action
 * ended so, and only that was not recorded: what Xen lists tells the same.
 */
export class LivepatchUnrecorded extends Error {
  override readonly name = 'LivepatchUnrecorded'
  readonly code = 'livepatch-unrecorded'
  readonly record: LivepatchRecord
  readonly outcome: LivepatchOutcome | undefined

  constructor(record: LivepatchRecord, outcome: LivepatchOutcome | undefined, cause: unknown) {
    const what = outcome === undefined ? 'nothing was changed' : describeOutcome(outcome)
    super(`Cannot record '${record.kind}' in the journal; ${what}`, { cause })
    this.record = record
    this.outcome = outcome
  }
}

function describeOutcome(outcome: LivepatchOutcome): string {
  switch (outcome.kind) {
    case 'done':
      return `but the action on ${outcome.name} was done, as 'reweave status' shows`
    case 'already':
      return `${outcome.name} was so already`
    case 'refused':
      return `the action was refused: ${describeLivepatchRefusal(outcome.refusal)}`
    case 'incomplete':
      return describeLivepatchLeft(outcome.left)
  }
}
