import * as fc from 'fast-check'
import { hex } from '../../address/address.ts'
import type { PlannedWrite, SplicePlan, WriteRole } from '../plan.ts'
import { SIM_TEXT_BYTES, simBuildId, simText, simTextBytes } from './sim-hypervisor.ts'

/** Each write of a random plan has a slot of its own, so that no two overlap. */
const SLOT_BYTES = 64
const MOST_WRITES = 9

interface Ingredients {
  readonly change: number
  readonly role: WriteRole
  readonly slot: number
  readonly offset: number
  readonly noise: Uint8Array
}

/** Plans of one to three changes for the simulated hypervisor, each with or without stage and relay. */
export const arbitraryPlan: fc.Arbitrary<SplicePlan> = fc
  .tuple(
    fc.array(fc.tuple(fc.boolean(), fc.boolean()), { minLength: 1, maxLength: 3 }),
    fc.shuffledSubarray([...Array(SIM_TEXT_BYTES / SLOT_BYTES).keys()], {
      minLength: MOST_WRITES,
      maxLength: MOST_WRITES,
    }),
    fc.array(fc.nat({ max: 0xffff }), { minLength: MOST_WRITES, maxLength: MOST_WRITES }),
    fc.array(fc.uint8Array({ minLength: SLOT_BYTES, maxLength: SLOT_BYTES }), {
      minLength: MOST_WRITES,
      maxLength: MOST_WRITES,
    }),
  )
  .map(([changes, slots, offsets, noises]) => {
    const roles = changes.flatMap(([stage, relay], change) => [
      ...(stage ? [{ change, role: 'stage' as const }] : []),
      ...(relay ? [{ change, role: 'relay' as const }] : []),
      { change, role: 'switch' as const },
    ])
    const writes = roles.map(({ change, role }, index) =>
      plannedWrite({
        change,
        role,
        slot: slots[index] ?? 0,
        offset: offsets[index] ?? 0,
        noise: noises[index] ?? new Uint8Array(SLOT_BYTES),
      }),
    )
    const inOrder = (['stage', 'relay', 'switch'] as const).flatMap((role) =>
      writes.filter((write) => write.role === role),
    )
    return simPlan(inOrder)
  })

/** A plan for the simulated hypervisor. */
export function simPlan(writes: readonly PlannedWrite[]): SplicePlan {
  return { fix: 'xsa-999', advisory: 'XSA-999', buildId: simBuildId, writes }
}

/** A write of `after` at `offset` into the simulated `.text`, over what is there. */
export function simWrite(
  role: WriteRole,
  change: number,
  offset: number,
  after: Uint8Array,
): PlannedWrite {
  return {
    role,
    change,
    at: simText(offset),
    before: simTextBytes(offset, after.length),
    after,
    place: `sim_text+${hex(offset)}`,
    why: 'Nothing runs in a simulation',
  }
}

function plannedWrite({ change, role, slot, offset, noise }: Ingredients): PlannedWrite {
  const { inSlot, byteLength } = placeOf(role, offset)
  const at = slot * SLOT_BYTES + inSlot
  const after = noise.slice(0, byteLength)
  const before = simTextBytes(at, byteLength)
  // At least one byte is another one: a plan holds no write that changes nothing.
  if (after.every((byte, index) => byte === before[index])) after[0] = ~(after[0] ?? 0) & 0xff
  return simWrite(role, change, at, after)
}

/** Where in its slot, and how long: a switch stays inside one aligned 8-byte unit. */
function placeOf(role: WriteRole, random: number): { inSlot: number; byteLength: number } {
  switch (role) {
    case 'stage': {
      const byteLength = 1 + (random % 40)
      return { inSlot: random % (SLOT_BYTES - byteLength), byteLength }
    }
    case 'relay':
      return { inSlot: random % (SLOT_BYTES - 5), byteLength: 5 }
    case 'switch': {
      const inUnit = random % 8
      return { inSlot: 8 * (random % 7) + inUnit, byteLength: 1 + ((random >> 3) % (8 - inUnit)) }
    }
  }
}
