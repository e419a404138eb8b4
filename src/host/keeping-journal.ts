import type { LivepatchRecord, TransactionRecord } from '../splice/journal.ts'
import type { HostJournal } from './journal-file.ts'

/**
 * A journal that calls `keep` right before the first record of an apply: what is brought in is then
 * on the disk before anything of it is in the hypervisor, and nothing is kept of an apply that was
 * refused beforehand.
 */
export function keepingJournal(journal: HostJournal, keep: () => void): HostJournal {
  return {
    async append(record: TransactionRecord | LivepatchRecord) {
      if (beginsApply(record)) keep()
      await journal.append(record)
    },
  }
}

function beginsApply(record: TransactionRecord | LivepatchRecord): boolean {
  return record.kind === 'livepatch-apply' || (record.kind === 'begin' && record.goal === 'applied')
}
