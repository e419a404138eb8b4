import { describeTransferFailure } from '../memory/describe-transfer-failure.ts'
import type { TransferFailure } from '../memory/physical-memory.ts'
import { bytesAsHex } from './bytes-as-hex.ts'
import type { WriteDirection } from './journal.ts'
import type { PlannedWrite } from './plan.ts'

/** Why a transaction could not go on. */
export type StepFailure =
  | ({ readonly kind: 'write-failed'; readonly outcome: TransferFailure } & Step)
  /** The write was accepted, and whether it took place is not known. */
  | ({ readonly kind: 'read-back-failed'; readonly outcome: TransferFailure } & Step)
  | ({
      readonly kind: 'read-back-differs'
      readonly found: Uint8Array
      readonly wanted: Uint8Array
    } & Step)
  /** The memory threw: its device was lost. */
  | ({ readonly kind: 'memory-broke'; readonly cause: unknown } & Step)
  /** Code that must be written again may still be running. */
  | { readonly kind: 'passage-unknown'; readonly why: string }

interface Step {
  readonly write: PlannedWrite
  readonly direction: WriteDirection
}

/** One sentence for people. */
export function describeStepFailure(failure: StepFailure): string {
  switch (failure.kind) {
    case 'write-failed':
      return `${describeStep(failure)} failed: ${describeTransferFailure(failure.outcome)}`
    case 'read-back-failed':
      return (
        `${describeStep(failure)} could not be read back: ` +
        describeTransferFailure(failure.outcome)
      )
    case 'read-back-differs':
      return (
        `${describeStep(failure)} read back wrong: ` +
        `found ${bytesAsHex(failure.found)}, wanted ${bytesAsHex(failure.wanted)}`
      )
    case 'memory-broke': {
      const { cause } = failure
      return `${describeStep(failure)} broke off: ${cause instanceof Error ? cause.message : 'the memory is lost'}`
    }
    case 'passage-unknown':
      return `Staged code that is not whole may still be running: ${failure.why}`
  }
}

function describeStep({ write, direction }: Step): string {
  const what = direction === 'put-after' ? 'new' : 'old'
  return `Writing the ${what} bytes of the ${write.role} at ${write.place}`
}
