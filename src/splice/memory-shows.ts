import { type ImageLocation, toMachine } from '../image/image-location.ts'
import { describeTransferFailure } from '../memory/describe-transfer-failure.ts'
import type { PhysicalMemory } from '../memory/physical-memory.ts'
import type { FixState } from './fix-state.ts'
import { rangeOf } from './plan-shape.ts'
import type { SplicePlan } from './plan.ts'
import { readAll } from './read-all.ts'
import { describeState, stateOf } from './state-of.ts'

/** The state of a fix as read back, or why memory could not be read. */
export type MemoryShows =
  | { readonly kind: 'state'; readonly state: FixState }
  | { readonly kind: 'unreadable'; readonly why: string }

/** Reads every write of the plan. Never throws: a lost device is `unreadable`. */
export async function memoryShows(
  memory: PhysicalMemory,
  { plan, location }: { readonly plan: SplicePlan; readonly location: ImageLocation },
): Promise<MemoryShows> {
  try {
    const extents = plan.writes.map((write) => toMachine(location, rangeOf(write)))
    const read = await readAll(memory, extents)
    if (read.kind === 'read') return { kind: 'state', state: stateOf(plan, read.found) }
    return { kind: 'unreadable', why: describeTransferFailure(read.outcome) }
  } catch (error) {
    return { kind: 'unreadable', why: error instanceof Error ? error.message : String(error) }
  }
}

/** One sentence for people. */
export function describeMemoryShows(shows: MemoryShows): string {
  if (shows.kind === 'state') return describeState(shows.state)
  return `What memory holds could not be read: ${shows.why}`
}
