import { copyBytes } from '../address/copy-bytes.ts'
import { distance, hex, type VirtualAddress } from '../address/address.ts'
import type { Fix } from '../hotfix/fix.ts'
import { formatPlace } from '../hotfix/place-text.ts'
import type { Image } from '../image/image.ts'
import { encodeNearJump, encodeShortJump } from '../x86/jump.ts'
import { type ExaminedDetour, type ExaminedEdit, examineFix } from './examine-fix.ts'
import type { LiveBytes } from './live-bytes.ts'
import { type Padding, recognisePadding } from './padding.ts'
import type { PlannedWrite, SplicePlan } from './plan.ts'
import type { PlanRefusal } from './plan-refusal.ts'
import { type Placement, placeDetours } from './placement.ts'
import { unitOf } from './store-unit.ts'

export interface PlanInput {
  readonly fix: Fix
  readonly image: Image
  /** At least the ranges of `planReads`. */
  readonly live: LiveBytes
  /** Where the code of a change was to be staged before a crash, by the change's index. */
  readonly preferred?: ReadonlyMap<number, VirtualAddress>
}

export type PlannedFix =
  | { readonly kind: 'planned'; readonly plan: SplicePlan }
  | { readonly kind: 'refused'; readonly refusals: readonly PlanRefusal[] }

/**
 * Plans every byte that a fix writes, or says everything that speaks against it.
 *
 * Pure: equal inputs give equal plans, and the plan of a fix that is applied, wholly or in part,
 * is the plan it was applied by, with the linked image's bytes as those to go back to. Whether the
 * sites hold what they must is not asked here; the live bytes only decide where new code goes.
 */
export function planFix(input: PlanInput): PlannedFix {
  const { fix, image, live } = input
  const { changes, refusals } = examineFix(fix, image)
  if (refusals.length > 0) return { kind: 'refused', refusals }
  const edits = changes.filter((change) => change.kind === 'edit')
  const detours = changes.filter((change) => change.kind === 'detour')
  const stores: PlannedWrite[] = edits.map(editStore)
  const staged: PlannedWrite[] = []
  const relays: PlannedWrite[] = []
  if (detours.length > 0) {
    const padding = recognisePadding(image, live)
    if (padding.kind === 'missing') return refused({ ...padding, kind: 'live-bytes-missing' })
    if (padding.kind === 'not-recognised') {
      return refused({ ...padding, kind: 'padding-not-recognised' })
    }
    const placed = placeDetours(detours, {
      padding,
      sites: changes.map((change) => change.site),
      preferred: input.preferred ?? new Map<number, VirtualAddress>(),
    })
    if (placed.kind === 'refused') return placed
    for (const [detour, placement] of placed.placements) {
      staged.push(stageWrite(detour, placement, padding))
      relays.push(...relayWrites(detour, placement))
      stores.push(detourStore(detour, placement))
    }
  }
  const switches = stores.toSorted((a, b) => a.change - b.change)
  const writes = [...staged, ...relays, ...switches]
  const { name, advisory } = fix
  return { kind: 'planned', plan: { fix: name, advisory, buildId: image.buildId, writes } }
}

function refused(refusal: PlanRefusal): PlannedFix {
  return { kind: 'refused', refusals: [refusal] }
}

function stageWrite(
  detour: ExaminedDetour,
  { code, bytes }: Placement,
  padding: Padding,
): PlannedWrite {
  const offset = distance(padding.range.start, code.start)
  return {
    role: 'stage',
    change: detour.index,
    at: code.start,
    before: new Uint8Array(code.byteLength).fill(padding.fill),
    after: bytes,
    place: `padding behind .text+${hex(offset)}`,
    why: `No section has these bytes, and nothing leads here before ${detour.place} is switched.`,
  }
}

function relayWrites(detour: ExaminedDetour, { code, relay }: Placement): readonly PlannedWrite[] {
  if (relay === undefined) return []
  return [
    {
      role: 'relay',
      change: detour.index,
      at: relay.at,
      before: relay.linked,
      after: encodeNearJump(relay.at, code.start),
      place: relay.place,
      why: `No instruction leads into this padding before ${detour.place} is switched.`,
    },
  ]
}

function detourStore(detour: ExaminedDetour, { code, relay }: Placement): PlannedWrite {
  const { safe, change } = detour
  const { start, byteLength } = safe.store
  const replaced = change.expect.byteLength
  return {
    role: 'switch',
    change: detour.index,
    at: start,
    before: copyBytes(change.expect, 0, byteLength),
    after:
      relay === undefined ? encodeNearJump(start, code.start) : encodeShortJump(start, relay.at),
    place: detour.place,
    why:
      `One store of ${byteLength} bytes inside the aligned 8 bytes at ${hex(unitOf(start))}; ` +
      `it replaces ${byteLength === replaced ? 'all' : `the first ${byteLength}`} of one ` +
      `${replaced}-byte instruction, so no CPU can be about to execute in its middle.`,
  }
}

function editStore(edit: ExaminedEdit): PlannedWrite {
  const { safe, change, site } = edit
  const { start, byteLength } = safe.store
  const first = distance(site.start, start)
  const many = safe.instructions > 1
  return {
    role: 'switch',
    change: edit.index,
    at: start,
    before: copyBytes(change.expect, first, first + byteLength),
    after: copyBytes(change.put, first, first + byteLength),
    place: formatPlace({ ...change.at, offset: change.at.offset + first }),
    why:
      `One store of ${byteLength} ${byteLength === 1 ? 'byte' : 'bytes'} inside the aligned 8 bytes ` +
      `at ${hex(unitOf(start))}; ${many ? `${safe.instructions} instructions keep` : 'the instruction keeps'} ` +
      `${many ? 'their lengths' : 'its length'}, so every CPU finds an instruction where it goes on.`,
  }
}
