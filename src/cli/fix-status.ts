import type { FixState } from '../splice/fix-state.ts'
import type { LivepatchOwner } from '../channel/livepatch-name.ts'

/** What is so of one hotfix, and what the journal says of it. */
export interface FixStatus {
  /** The hotfix; for a payload of another tool, its name in Xen's list. */
  readonly fix: string
  /** `unknown`: its places in memory could not be planned, or not be read. */
  readonly state: FixState['kind'] | 'base-not-applied' | 'unknown'
  /** By which channel it is in, wholly or in part. */
  readonly channel: 'dma' | 'livepatch' | undefined
  readonly sentence: string
  /** Where it is loaded by Xen's livepatch. */
  readonly livepatch: LivepatchStatusFacts | undefined
  /** The functions that it replaces, where that is known. */
  readonly functions: readonly string[]
  /** The last transaction in this boot. Undefined if there was none. */
  readonly journal:
    | { readonly goal: string; readonly beganAt: string; readonly end: string }
    | undefined
  /** Whether an earlier boot's journal says that it was applied: a reboot undoes that. */
  readonly appliedBeforeReboot: boolean
}

export interface LivepatchStatusFacts {
  /** As Xen lists the payload. */
  readonly name: string
  readonly owner: LivepatchOwner
  /** From 1, the lowest, among those that are applied. Undefined where it is loaded alone. */
  readonly position: number | undefined
  /** Where the order of applying is not known, positions are those of loading. */
  readonly orderKnown: boolean
}

/** One paragraph a hotfix, for people. */
export function renderStatuses(statuses: readonly FixStatus[]): string {
  if (statuses.length === 0) return 'No fix for this build is known here'
  return statuses.map(renderStatus).join('\n')
}

function renderStatus(status: FixStatus): string {
  const { fix, sentence, livepatch, functions, journal, appliedBeforeReboot } = status
  const lines = [`${fix}: ${sentence}`]
  if (livepatch !== undefined) lines.push(`livepatch: ${describeLivepatch(livepatch)}`)
  if (functions.length > 0) lines.push(`functions: ${functions.join(', ')}`)
  if (journal) lines.push(`journal: ${journal.goal} begun ${journal.beganAt}, ${journal.end}`)
  if (appliedBeforeReboot) {
    lines.push('journal: it was applied before the last reboot, which took it out')
  }
  return lines.join('\n  ')
}

function describeLivepatch({ name, owner, position, orderKnown }: LivepatchStatusFacts): string {
  const whose = owner === 'reweave' ? '' : ', loaded by another tool'
  if (position === undefined) return `${name}, not in use${whose}`
  const order = orderKnown ? '' : ' by loading; in what order they were applied is not known'
  return `${name}, number ${position} in the stack from below${order}${whose}`
}
