import type { LivepatchRecord, TransactionRecord } from '../splice/journal.ts'
import type { HostJournal } from './journal-file.ts'

/** The environment variable that makes `apply` and `revert` kill themselves. For tests. */
export const KILL_AT_STEP = 'REWEAVE_KILL_AT_STEP'

/**
 * A journal whose process is killed by SIGKILL once its `step`-th record is durable: before the
 * act for an intent, after it for an outcome.
 *
 * This is how tests put a crash at a place that a signal from outside would hit by luck only. It
 * gives nobody a power that root on Dom0 lacks.
 */
export function killingJournal(journal: HostJournal, step: number): HostJournal {
  let steps = 0
  return {
    async append(record: TransactionRecord | LivepatchRecord) {
      await journal.append(record)
      steps += 1
      if (steps === step) process.kill(process.pid, 'SIGKILL')
    },
  }
}
