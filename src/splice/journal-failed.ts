import type { TransactionRecord } from './journal.ts'
import { describeMemoryShows, type MemoryShows } from './memory-shows.ts'

/**
 * A record could not be made durable, so the transaction stopped: without a journal, nothing more
 * is written to the machine. `memory` is how it was left.
 */
export class JournalFailed extends Error {
  override readonly name = 'JournalFailed'
  readonly code = 'journal-failed'
  readonly record: TransactionRecord
  readonly memory: MemoryShows

  constructor(record: TransactionRecord, memory: MemoryShows, cause: unknown) {
    super(
      `Cannot record '${record.kind}' in the journal; nothing was written after that. ` +
        describeMemoryShows(memory),
      { cause },
    )
    this.record = record
    this.memory = memory
  }
}
