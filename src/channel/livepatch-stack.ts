/**
 * The applied payloads, one upon the other, and what may be put on top or taken off.
 *
 * Xen keeps the order of applying to itself: its list is in the order of loading. The journal of
 * this boot knows it for Reweave's own payloads.
 *
 * @module
 */

import type { BuildId } from '../image/build-id.ts'
import type { JournalEntry } from '../splice/journal.ts'
import { recordedApply } from '../splice/patched-functions.ts'
import type { LoadedLivepatch } from '../xen/livepatch-abi.ts'
import { type LivepatchOwner, livepatchOwner, readLivepatchName } from './livepatch-name.ts'

export interface StackedLivepatch {
  readonly name: string
  readonly owner: LivepatchOwner
  /** By the journal. Undefined for other tools' payloads. */
  readonly buildId: BuildId | undefined
}

export interface LivepatchStack {
  /** The lowest first. In the order of loading where that of applying is not known. */
  readonly applied: readonly StackedLivepatch[]
  readonly orderKnown: boolean
}

export function stackOf(
  entries: readonly JournalEntry[],
  bootId: string,
  loaded: readonly LoadedLivepatch[],
): LivepatchStack {
  const applied = loaded.filter(({ state }) => state !== 'checked')
  const placed = applied.map(({ name }) => {
    const record = recordedApply(entries, bootId, name)
    const at = entries.findIndex((entry) => entry.record === record)
    return { name, owner: livepatchOwner(name), buildId: record?.buildId, at }
  })
  const orderKnown = placed.length < 2 || placed.every(({ at }) => at >= 0)
  if (orderKnown) placed.sort((a, b) => a.at - b.at)
  return {
    applied: placed.map(({ name, owner, buildId }) => ({ name, owner, buildId })),
    orderKnown,
  }
}

/** What stands against putting a payload on top. */
export interface DependencyConflict {
  readonly kind: 'other-dependency'
  /** What the payload stands on, as it says itself. */
  readonly wanted: BuildId
  /** The running Xen's, where nothing is applied; undefined where it is not known. */
  readonly found: BuildId | undefined
  /** The name of the payload on top, where one is. */
  readonly top: string | undefined
}

/**
 * Whether what a payload depends on is what is on top, as far as can be known: where it cannot,
 * nothing stands against it, and Xen decides.
 */
export function judgeDependency(
  stack: LivepatchStack,
  dependsOn: BuildId,
  xen: BuildId,
): DependencyConflict | undefined {
  const top = stack.applied.at(-1)
  if (top === undefined) {
    if (dependsOn === xen) return undefined
    return { kind: 'other-dependency', wanted: dependsOn, found: xen, top: undefined }
  }
  const conflict = {
    kind: 'other-dependency',
    wanted: dependsOn,
    found: top.buildId,
    top: top.name,
  } as const
  if (dependsOn === xen) return conflict
  if (!stack.orderKnown) return undefined
  if (top.buildId !== undefined) return top.buildId === dependsOn ? undefined : conflict
  const start = readLivepatchName(top.name)?.buildIdStart
  return start === undefined || dependsOn.startsWith(start) ? undefined : conflict
}
