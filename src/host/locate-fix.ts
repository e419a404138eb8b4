import type { VirtualAddress } from '../address/address.ts'
import type { AddressRange } from '../address/address-range.ts'
import type { DmaSession } from '../channel/dma-session.ts'
import type { Bundle } from '../hotfix/bundle.ts'
import { toMachine } from '../image/image-location.ts'
import type { Image } from '../image/image.ts'
import { overlayImage } from '../image/overlay-image.ts'
import type { PhysicalMemory, TransferFailure } from '../memory/physical-memory.ts'
import type { FixState } from '../splice/fix-state.ts'
import { lastTransactionOf } from '../splice/journal-history.ts'
import type { JournalEntry } from '../splice/journal.ts'
import { LiveSnapshot } from '../splice/live-snapshot.ts'
import type { UnusedVendor } from '../hotfix/splice-study.ts'
import { rangeOf } from '../splice/plan-shape.ts'
import type { SplicePlan } from '../splice/plan.ts'
import type { LivepatchedFunctions } from '../splice/patched-functions.ts'
import { readAll } from '../splice/read-all.ts'
import { type FoundPlan, lowerState } from '../splice/stacked-state.ts'
import { stateOf } from '../splice/state-of.ts'
import type { ShelvedHotfix } from './fix-shelf.ts'
import { type NoSplices, prepareSplices } from './plan-splices.ts'
import { usesVendorRoom } from './vendor-room.ts'

/** A fix as it relates to the running hypervisor: its plan, and what memory shows of it. */
export interface LocatedFix {
  readonly plan: SplicePlan
  readonly state: FixState
  /** The image that the plan's old bytes are of: with the base fix in it, if there is one. */
  readonly image: Image
  /** The state of the fix it stands on. */
  readonly base: { readonly name: string; readonly state: FixState } | undefined
  /** Fixes that stand on it and are in memory, wholly or in part. */
  readonly inTheWay: readonly string[]
}

export type LocateOutcome =
  | { readonly kind: 'located'; readonly located: LocatedFix }
  | (NoSplices & { readonly fix: string })
  | { readonly kind: 'read-failed'; readonly outcome: TransferFailure }

/** The memory that the running image lies in. */
export type HypervisorMemory = Pick<DmaSession, 'location' | 'engine'> & {
  readonly memory: PhysicalMemory
}

/** What is needed to look a fix up in memory. */
export interface HostMemory {
  readonly session: HypervisorMemory
  readonly image: Image
  readonly journal: readonly JournalEntry[]
  readonly bootId: string
  /** What livepatches replace now. */
  readonly livepatched: LivepatchedFunctions
  /** Whether the hotfix of that name is known here, and was written by hand. */
  readonly isWritten: (fix: string) => boolean
  /** Code that cannot run on this host's CPUs, and whether new code may lie over it. */
  readonly vendorRoom: {
    readonly unusedVendor: UnusedVendor | undefined
    readonly reuseAllowed: boolean
  }
}

/** Plans a fix against the running hypervisor and reads back what is there of it. */
export async function locateFix(host: HostMemory, shelved: ShelvedHotfix): Promise<LocateOutcome> {
  const { hotfix, base } = shelved
  if (base === undefined) {
    const own = await planOn(host, hotfix, host.image)
    if (own.kind !== 'planned') return own
    const inTheWay: string[] = []
    let state = stateOf(own.plan, own.found)
    for (const dependent of shelved.dependents) {
      const upper = await planOn(host, dependent, overlaid(host.image, own.plan))
      if (upper.kind !== 'planned') continue
      const beneath = lowerState(own, upper)
      const upperState = stateOf(upper.plan, upper.found)
      if (beneath.kind === 'applied' && upperState.kind !== 'not-applied') {
        inTheWay.push(dependent.manifest.name)
        state = beneath
      }
    }
    const { plan } = own
    return {
      kind: 'located',
      located: { plan, state, image: host.image, base: undefined, inTheWay },
    }
  }
  const lower = await planOn(host, base, host.image)
  if (lower.kind !== 'planned') return lower
  const image = overlaid(host.image, lower.plan)
  const upper = await planOn(host, hotfix, image)
  if (upper.kind !== 'planned') return upper
  const located = {
    plan: upper.plan,
    state: stateOf(upper.plan, upper.found),
    image,
    base: { name: base.manifest.name, state: lowerState(lower, upper) },
    inTheWay: [],
  }
  return { kind: 'located', located }
}

/** What memory holds at the writes of a plan that was journalled. */
export async function stateInMemory(
  session: HypervisorMemory,
  plan: SplicePlan,
): Promise<
  | { readonly kind: 'state'; readonly state: FixState }
  | { readonly kind: 'read-failed'; readonly outcome: TransferFailure }
> {
  const read = await readRanges(session, plan.writes.map(rangeOf))
  return read.kind === 'read' ? { kind: 'state', state: stateOf(plan, read.found) } : read
}

function overlaid(image: Image, plan: SplicePlan): Image {
  return overlayImage(
    image,
    plan.writes.map(({ at, after }) => ({ at, bytes: after })),
  )
}

type Planned =
  | ({ readonly kind: 'planned' } & FoundPlan)
  | Exclude<LocateOutcome, { readonly kind: 'located' }>

async function planOn(host: HostMemory, hotfix: Bundle, image: Image): Promise<Planned> {
  const { name } = hotfix.manifest
  const previous = lastTransactionOf(host.journal, name, host.bootId)?.begin.plan
  const { unusedVendor, reuseAllowed } = host.vendorRoom
  // What was staged there before is told by the plan that did it.
  const reuses = reuseAllowed || (previous !== undefined && usesVendorRoom(previous, host.image))
  const prepared = prepareSplices(hotfix, image, reuses ? unusedVendor : undefined)
  if (prepared.kind !== 'planner') return { ...prepared, fix: name }
  const live = await readRanges(host.session, prepared.reads)
  if (live.kind === 'read-failed') return live
  const snapshot = new LiveSnapshot(
    prepared.reads.map((range, index) => ({
      range,
      bytes: live.found[index] ?? new Uint8Array(0),
    })),
  )
  const planned = prepared.plan(snapshot, previous)
  if (planned.kind !== 'planned') return { ...planned, fix: name }
  const found = await foundIn(host, snapshot, planned.plan)
  return found.kind === 'read' ? { kind: 'planned', plan: planned.plan, found: found.found } : found
}

/** The bytes at a plan's writes, from what was read for planning where that has them. */
async function foundIn(
  host: HostMemory,
  snapshot: LiveSnapshot,
  plan: SplicePlan,
): Promise<ReadRanges> {
  const ranges = plan.writes.map(rangeOf)
  const known = ranges.flatMap((range) => snapshot.bytesAt(range) ?? [])
  return known.length === ranges.length
    ? { kind: 'read', found: known }
    : readRanges(host.session, ranges)
}

type ReadRanges =
  | { readonly kind: 'read'; readonly found: readonly Uint8Array[] }
  | { readonly kind: 'read-failed'; readonly outcome: TransferFailure }

/** The bytes of the running image at these ranges. */
export async function readRanges(
  { memory, location }: HypervisorMemory,
  ranges: readonly AddressRange<VirtualAddress>[],
): Promise<ReadRanges> {
  const read = await readAll(
    memory,
    ranges.map((range) => toMachine(location, range)),
  )
  return read.kind === 'read' ? read : { kind: 'read-failed', outcome: read.outcome }
}
