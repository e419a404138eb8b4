import type { VirtualAddress } from '../address/address.ts'
import type {
  BeginRecord,
  EndRecord,
  JournalEntry,
  JournalRecord,
  PassageRecord,
  TransactionRecord,
} from './journal.ts'
import type { SplicePlan } from './plan.ts'

/** One transaction, as the journal tells it. */
export interface RecordedTransaction {
  readonly begin: BeginRecord
  readonly beganAt: string
  readonly records: readonly TransactionRecord[]
  readonly passage: PassageRecord['result'] | undefined
  /** Undefined when the process was killed or the power cut: see what memory shows. */
  readonly end: EndRecord['result'] | undefined
}

/** The last transaction for a fix in this boot. Those of earlier boots ended with them. */
export function lastTransactionOf(
  entries: readonly JournalEntry[],
  fix: string,
  bootId: string,
): RecordedTransaction | undefined {
  const ofBoot = entries.filter((entry) => entry.bootId === bootId)
  const first = ofBoot.findLastIndex(
    ({ record }) => record.kind === 'begin' && record.plan.fix === fix,
  )
  const entry = ofBoot[first]
  if (entry?.record.kind !== 'begin') return undefined
  const begin = entry.record
  const records: TransactionRecord[] = []
  for (const { record } of ofBoot.slice(first)) {
    if (isOfTransaction(record, begin.transaction)) records.push(record)
  }
  return {
    begin,
    beganAt: entry.time,
    records,
    passage: records.findLast((record) => record.kind === 'passage')?.result,
    end: records.findLast((record) => record.kind === 'end')?.result,
  }
}

function isOfTransaction(record: JournalRecord, transaction: string): record is TransactionRecord {
  switch (record.kind) {
    case 'livepatch-apply':
    case 'livepatch-withdraw':
    case 'livepatch-end':
    case 'resumed':
      return false
    default:
      return record.transaction === transaction
  }
}

/**
 * Where a plan stages the code of each change.
 *
 * A planner that stages there again, where an interrupted transaction did, makes the plan by which
 * memory can be told: else the code that is there would count as foreign.
 */
export function stagedPlaces(plan: SplicePlan | undefined): ReadonlyMap<number, VirtualAddress> {
  const places = new Map<number, VirtualAddress>()
  for (const write of plan?.writes ?? []) {
    if (write.role === 'stage') places.set(write.change, write.at)
  }
  return places
}
