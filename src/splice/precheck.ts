import { describeRange } from '../address/address-range.ts'
import { type ImageLocation, toMachine } from '../image/image-location.ts'
import type { Image } from '../image/image.ts'
import { type BuildId, buildIdFromBytes } from '../image/build-id.ts'
import { describeTransferFailure } from '../memory/describe-transfer-failure.ts'
import type { PhysicalMemory, TransferFailure } from '../memory/physical-memory.ts'
import { issueWriteGrant, type WriteGrant } from '../memory/write-grant.ts'
import { bytesAsHex } from './bytes-as-hex.ts'
import type { FixState, WriteFinding } from './fix-state.ts'
import type { SplicePlan } from './plan.ts'
import { describePlanFault, planFault, type PlanFault, rangeOf } from './plan-shape.ts'
import { readAll } from './read-all.ts'
import { stateOf } from './state-of.ts'

/** What a transaction is to reach. */
export type SpliceGoal = 'applied' | 'not-applied'

/** What the check needs to know of the build. */
export type ImageIdentity = Pick<
  Image,
  'buildId' | 'buildIdAt' | 'start' | 'byteLength' | 'textWithPadding'
>

export interface PrecheckInput {
  readonly plan: SplicePlan
  readonly goal: SpliceGoal
  readonly location: ImageLocation
  readonly image: ImageIdentity
}

export type PrecheckOutcome =
  /** The goal can be reached. `found` are the bytes at each write of the plan. */
  | {
      readonly kind: 'ready'
      readonly grant: WriteGrant
      readonly state: FixState
      readonly found: readonly Uint8Array[]
    }
  /** The goal is reached. Nothing needs to be written. */
  | { readonly kind: 'already-applied' }
  | { readonly kind: 'not-applied' }
  | { readonly kind: 'refused'; readonly reason: PrecheckRefusal }

export type PrecheckRefusal =
  | { readonly kind: 'malformed-plan'; readonly fault: PlanFault }
  | {
      readonly kind: 'plan-for-another-build'
      readonly found: BuildId
      readonly wanted: BuildId
    }
  /** Xen reports a range of another size than the symbol file's image has. */
  | { readonly kind: 'image-size-differs'; readonly found: number; readonly wanted: number }
  | {
      readonly kind: 'build-id-differs'
      /** Undefined when the bytes are no build-id at all. */
      readonly found: BuildId | undefined
      readonly wanted: BuildId
    }
  | { readonly kind: 'foreign-bytes'; readonly writes: readonly WriteFinding[] }
  | { readonly kind: 'read-failed'; readonly what: string; readonly outcome: TransferFailure }

/**
 * Identifies the running image by reading it back, and finds out whether `goal` can be reached.
 *
 * A fix that an interrupted apply or revert left half-way is `ready` for either goal, as long as
 * every byte is the build's or the plan's. The grant covers exactly the plan's ranges. It says
 * nothing about the future: whoever holds it must see that no one else writes meanwhile.
 */
export async function precheck(
  memory: PhysicalMemory,
  input: PrecheckInput,
): Promise<PrecheckOutcome> {
  const { plan, goal, location, image } = input
  const mismatch = describesThisImage(plan, location, image) ?? (await identify(memory, input))
  if (mismatch !== undefined) return { kind: 'refused', reason: mismatch }

  const ranges = plan.writes.map((write) => toMachine(location, rangeOf(write)))
  const read = await readAll(memory, ranges)
  if (read.kind === 'failed') {
    const what = plan.writes[read.index]?.place ?? 'a site'
    return { kind: 'refused', reason: { kind: 'read-failed', what, outcome: read.outcome } }
  }
  const state = stateOf(plan, read.found)
  if (state.kind === 'foreign') {
    const writes = state.writes.filter((finding) => finding.state === 'foreign')
    return { kind: 'refused', reason: { kind: 'foreign-bytes', writes } }
  }
  if (goal === 'applied' && state.kind === 'applied') return { kind: 'already-applied' }
  if (goal === 'not-applied' && state.kind === 'not-applied' && !state.staged) {
    return { kind: 'not-applied' }
  }
  const grant = issueWriteGrant(ranges, toMachine(location, image.textWithPadding))
  return { kind: 'ready', grant, state, found: read.found }
}

function describesThisImage(
  plan: SplicePlan,
  location: ImageLocation,
  image: ImageIdentity,
): PrecheckRefusal | undefined {
  if (plan.buildId !== image.buildId) {
    return { kind: 'plan-for-another-build', found: plan.buildId, wanted: image.buildId }
  }
  const { byteLength } = location.machine
  if (byteLength !== image.byteLength || location.virtualStart !== image.start) {
    return { kind: 'image-size-differs', found: byteLength, wanted: image.byteLength }
  }
  const fault = planFault(plan, image.textWithPadding)
  return fault === undefined ? undefined : { kind: 'malformed-plan', fault }
}

async function identify(
  memory: PhysicalMemory,
  { location, image }: PrecheckInput,
): Promise<PrecheckRefusal | undefined> {
  const byteLength = image.buildId.length / 2
  const note = toMachine(location, { start: image.buildIdAt, byteLength })
  const read = await readAll(memory, [note])
  if (read.kind === 'failed') {
    return { kind: 'read-failed', what: 'the build-id note', outcome: read.outcome }
  }
  const found = buildIdFromBytes(read.found[0] ?? new Uint8Array(0))
  if (found === image.buildId) return undefined
  return { kind: 'build-id-differs', found, wanted: image.buildId }
}

/** One sentence for people. In every case nothing was written. */
export function describePrecheckRefusal(reason: PrecheckRefusal): string {
  switch (reason.kind) {
    case 'malformed-plan':
      return `Cannot use the plan: ${describePlanFault(reason.fault)}`
    case 'plan-for-another-build':
      return `Cannot use the plan: it is for build ${reason.found}, the symbols are of ${reason.wanted}`
    case 'image-size-differs':
      return (
        `Cannot use the symbols: the running image has ${reason.found} bytes, ` +
        `theirs has ${reason.wanted}`
      )
    case 'build-id-differs':
      return (
        `Cannot identify the running image: memory holds ${reason.found ?? 'no build-id'} ` +
        `where build-id ${reason.wanted} must be`
      )
    case 'foreign-bytes':
      return `Cannot go on over bytes of unknown origin: ${reason.writes.map(describeFinding).join('; ')}`
    case 'read-failed':
      return `Cannot read ${reason.what}: ${describeTransferFailure(reason.outcome)}`
  }
}

function describeFinding({ write, found }: WriteFinding): string {
  return (
    `at ${write.place}, ${describeRange(rangeOf(write))}, found ${bytesAsHex(found)}, ` +
    `wanted ${bytesAsHex(write.before)} or ${bytesAsHex(write.after)}`
  )
}
