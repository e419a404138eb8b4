import { lastTransactionOf } from '../splice/journal-history.ts'
import type { JournalEntry } from '../splice/journal.ts'
import type { FixStatus } from './fix-status.ts'

/** What the journal is read for: this boot, and all records. */
export interface BootJournal {
  readonly bootId: string
  readonly journalFile: { readonly entries: readonly JournalEntry[] }
}

/** What of a status the journal tells, or nothing does. */
export type StatusFacts = Pick<
  FixStatus,
  'livepatch' | 'functions' | 'journal' | 'appliedBeforeReboot'
>

/** The journal's part of a status, of a hotfix that is not in by a livepatch. */
export function statusFacts(host: BootJournal, name: string): StatusFacts {
  const { entries } = host.journalFile
  const last = lastTransactionOf(entries, name, host.bootId)
  const end = last?.end?.kind ?? 'not ended: the process was killed'
  const earlier = entries.findLast(
    (entry) => entry.bootId !== host.bootId && hotfixOf(entry) === name,
  )
  return {
    livepatch: undefined,
    functions: [],
    journal: last && { goal: last.begin.goal, beganAt: last.beganAt, end },
    appliedBeforeReboot: last === undefined && earlier !== undefined && isApply(earlier),
  }
}

/** The hotfixes that splices were begun for in this boot. */
export function journalledFixes(host: BootJournal): readonly string[] {
  const names = host.journalFile.entries.flatMap(({ bootId, record }) =>
    bootId === host.bootId && record.kind === 'begin' ? [record.plan.fix] : [],
  )
  return [...new Set(names)]
}

/** How a livepatch action was begun and ended, by the last record of it in this boot. */
export function livepatchJournal(host: BootJournal, livepatch: string): FixStatus['journal'] {
  const { entries } = host.journalFile
  const begun = entries.findLast(
    ({ bootId, record }) =>
      bootId === host.bootId &&
      (record.kind === 'livepatch-apply' || record.kind === 'livepatch-withdraw') &&
      record.name === livepatch,
  )
  const record = begun?.record
  if (begun === undefined || record === undefined || !('transaction' in record)) return undefined
  const { transaction } = record
  const end = entries.find(
    (entry) => entry.record.kind === 'livepatch-end' && entry.record.transaction === transaction,
  )?.record
  return {
    goal: record.kind === 'livepatch-apply' ? 'applied' : 'not-applied',
    beganAt: begun.time,
    end: end?.kind === 'livepatch-end' ? end.result.kind : 'not ended: the process was killed',
  }
}

/** Which hotfix a transaction is about, of those whose beginning tells. */
function hotfixOf({ record }: JournalEntry): string | undefined {
  if (record.kind === 'begin') return record.plan.fix
  return record.kind === 'livepatch-apply' ? record.hotfix : undefined
}

function isApply({ record }: JournalEntry): boolean {
  return record.kind === 'livepatch-apply' || (record.kind === 'begin' && record.goal === 'applied')
}
