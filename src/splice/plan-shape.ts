import {
  type AddressRange,
  contains,
  overlaps,
  withinAlignedUnit,
} from '../address/address-range.ts'
import type { VirtualAddress } from '../address/address.ts'
import type { PlannedWrite, SplicePlan, WriteRole } from './plan.ts'
import { STORE_UNIT_BYTES } from './store-unit.ts'

/** What makes a plan none: nothing may be written by it. */
export type PlanFault =
  | { readonly kind: 'no-switch' }
  | { readonly kind: 'empty-write'; readonly place: string }
  | { readonly kind: 'lengths-differ'; readonly place: string }
  | { readonly kind: 'changes-nothing'; readonly place: string }
  | { readonly kind: 'outside-text'; readonly place: string }
  | { readonly kind: 'switch-crosses-unit'; readonly place: string }
  | { readonly kind: 'out-of-order'; readonly place: string; readonly role: WriteRole }
  | { readonly kind: 'overlap'; readonly places: readonly [string, string] }

/**
 * Checks what `SplicePlan` promises, or says the first thing that does not hold.
 */
// The planner keeps to it too. A plan may also come out of a journal, and then this is the only
// check between a file and the hypervisor's memory.
export function planFault(
  plan: SplicePlan,
  text: AddressRange<VirtualAddress>,
): PlanFault | undefined {
  const { writes } = plan
  for (const [index, write] of writes.entries()) {
    const fault = writeFault(write, text)
    if (fault !== undefined) return { kind: fault, place: write.place }
    const earlier = writes[index - 1]
    if (earlier !== undefined && ORDER[earlier.role] > ORDER[write.role]) {
      return { kind: 'out-of-order', place: write.place, role: write.role }
    }
    const hit = writes.slice(0, index).find((other) => overlaps(rangeOf(other), rangeOf(write)))
    if (hit !== undefined) return { kind: 'overlap', places: [hit.place, write.place] }
  }
  return writes.some((write) => write.role === 'switch') ? undefined : { kind: 'no-switch' }
}

/** The bytes of the image that a write replaces. */
export function rangeOf(write: PlannedWrite): AddressRange<VirtualAddress> {
  return { start: write.at, byteLength: write.before.length }
}

/** One clause for people. */
export function describePlanFault(fault: PlanFault): string {
  switch (fault.kind) {
    case 'no-switch':
      return 'it has no switch, so nothing would become live'
    case 'empty-write':
      return `the write at ${fault.place} is empty`
    case 'lengths-differ':
      return `the write at ${fault.place} replaces bytes by another number of bytes`
    case 'changes-nothing':
      return `the write at ${fault.place} puts the bytes that are there`
    case 'outside-text':
      return `the write at ${fault.place} is outside the hypervisor's .text and its padding`
    case 'switch-crosses-unit':
      return `the switch at ${fault.place} is not inside one aligned ${STORE_UNIT_BYTES}-byte unit`
    case 'out-of-order':
      return `the ${fault.role} at ${fault.place} comes after a write that must follow it`
    case 'overlap':
      return `the writes at ${fault.places[0]} and ${fault.places[1]} overlap`
  }
}

const ORDER: Readonly<Record<WriteRole, number>> = { stage: 0, relay: 1, switch: 2 }

function writeFault(
  write: PlannedWrite,
  text: AddressRange<VirtualAddress>,
):
  | 'empty-write'
  | 'lengths-differ'
  | 'changes-nothing'
  | 'outside-text'
  | 'switch-crosses-unit'
  | undefined {
  const { before, after } = write
  if (before.length === 0) return 'empty-write'
  if (before.length !== after.length) return 'lengths-differ'
  if (before.every((byte, index) => byte === after[index])) return 'changes-nothing'
  if (!contains(text, rangeOf(write))) return 'outside-text'
  if (write.role === 'switch' && !withinAlignedUnit(rangeOf(write), STORE_UNIT_BYTES)) {
    return 'switch-crosses-unit'
  }
  return undefined
}
