/**
 * What in the hypervisor is patched through which channel, in one boot.
 *
 * A function that is patched through one channel must not be patched through the other: Xen's
 * livepatch keeps the old bytes of a function's entry and puts them back, whatever was spliced
 * there in between, and a splice is planned against the bytes of the build.
 *
 * @module
 */

import type { VirtualAddress } from '../address/address.ts'
import { type AddressRange, overlaps } from '../address/address-range.ts'
import { lastTransactionOf } from './journal-history.ts'
import type { JournalEntry, LivepatchApplyRecord, ReplacedFunction } from './journal.ts'

/** What Xen lists of a livepatch, as far as it matters here. */
export interface ListedLivepatch {
  readonly name: string
  /** Undefined for a state that is not known, which counts as applied. */
  readonly state: 'checked' | 'applied' | undefined
}

/** A function that a livepatch replaces now. */
export interface LivepatchedFunction extends ReplacedFunction {
  readonly hotfix: string
  /** As Xen lists the payload. */
  readonly livepatch: string
}

export interface LivepatchedFunctions {
  readonly functions: readonly LivepatchedFunction[]
  /**
   * Livepatches that are applied and of which the journal of this boot has no record: another tool's,
   * or the journal was moved away. What they replace is not known.
   */
  readonly unrecorded: readonly string[]
}

/** Which functions are replaced through Xen's livepatch: what Xen lists decides, not the journal. */
export function livepatchedFunctions(
  entries: readonly JournalEntry[],
  bootId: string,
  listed: readonly ListedLivepatch[],
): LivepatchedFunctions {
  const functions: LivepatchedFunction[] = []
  const unrecorded: string[] = []
  for (const { name, state } of listed) {
    if (state === 'checked') continue
    const record = recordedApply(entries, bootId, name)
    if (record === undefined) unrecorded.push(name)
    for (const each of record?.functions ?? []) {
      functions.push({ ...each, hotfix: record?.hotfix ?? '', livepatch: name })
    }
  }
  return { functions, unrecorded }
}

/** The last record in this boot that says what the payload of that name replaces. */
export function recordedApply(
  entries: readonly JournalEntry[],
  bootId: string,
  livepatch: string,
): LivepatchApplyRecord | undefined {
  const found = entries.findLast(
    (entry) =>
      entry.bootId === bootId &&
      entry.record.kind === 'livepatch-apply' &&
      entry.record.name === livepatch,
  )
  return found?.record.kind === 'livepatch-apply' ? found.record : undefined
}

/** A place where a splice is, or may be. */
export interface SplicedSite extends AddressRange<VirtualAddress> {
  readonly fix: string
  /** `do_dm_op+0x3`. */
  readonly place: string
  /** False when the last transaction for the fix did not end well: memory alone tells. */
  readonly certain: boolean
}

/**
 * The sites at which instructions of the build were switched by DMA in this boot, by the journal.
 *
 * Those of a transaction that did not complete count, certain or not. Staged code is not told: it
 * lies in free bytes, where no function is.
 */
export function splicedSites(
  entries: readonly JournalEntry[],
  bootId: string,
): readonly SplicedSite[] {
  const fixes = new Set(
    entries.flatMap((entry) =>
      entry.bootId === bootId && entry.record.kind === 'begin' ? [entry.record.plan.fix] : [],
    ),
  )
  return [...fixes].flatMap((fix) => {
    const last = lastTransactionOf(entries, fix, bootId)
    if (last === undefined) return []
    const completed = last.end?.kind === 'completed'
    if (completed && last.begin.goal === 'not-applied') return []
    return last.begin.plan.writes
      .filter(({ role }) => role === 'switch')
      .map(({ at, before, place }) => {
        return { fix, place, certain: completed, start: at, byteLength: before.length }
      })
  })
}

/** The first of the sites that lies in one of the functions, with that function. */
export function siteInFunctions(
  sites: readonly SplicedSite[],
  functions: readonly ReplacedFunction[],
): { readonly site: SplicedSite; readonly replaced: ReplacedFunction } | undefined {
  for (const replaced of functions) {
    const range = { start: replaced.address, byteLength: replaced.byteLength }
    const site = sites.find((each) => overlaps(each, range))
    if (site !== undefined) return { site, replaced }
  }
  return undefined
}
