import { describeRange } from '../address/address-range.ts'
import type { NotIssuedReason, TransferFailure } from './physical-memory.ts'

/** What became of a transfer that failed, for people: a clause without a full stop. */
export function describeTransferFailure(failure: TransferFailure): string {
  switch (failure.kind) {
    case 'no-completion':
      return `the device gave no answer within ${failure.waitedMs} ms; the transfer may still run`
    case 'device-error':
      return `the device reported ${failure.status}`
    case 'not-issued':
      return `no transfer was started, because ${describeReason(failure.reason)}`
  }
}

function describeReason(reason: NotIssuedReason): string {
  switch (reason.kind) {
    case 'outside-granted-ranges':
      return `${describeRange(reason.extent)} is outside the ranges that may be touched`
    case 'over-engine-limit':
      return `${reason.byteLength} bytes are over the engine's limit of ${reason.limit}`
    case 'another-transfer-runs':
      return 'another transfer runs, or an earlier one was never seen to end'
    case 'sector-leaves-text':
      return `the sectors ${describeRange(reason.extent)} reach beyond the hypervisor's .text`
    case 'earlier-extent-failed':
      return 'an earlier one failed'
    case 'closed':
      return 'the memory was closed'
  }
}
