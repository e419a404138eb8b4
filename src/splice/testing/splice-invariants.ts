import { contains } from '../../address/address-range.ts'
import { distance } from '../../address/address.ts'
import { toMachine } from '../../image/image-location.ts'
import type { Extent } from '../../memory/physical-memory.ts'
import { rangeOf } from '../plan-shape.ts'
import type { PlannedWrite, SplicePlan } from '../plan.ts'
import { writeStateOf } from '../state-of.ts'
import { simFound, simHypervisorRam, simLocation } from './sim-hypervisor.ts'
import type { SpliceWorld, WorldEvent } from './splice-world.ts'

/**
 * Replays everything that happened in a world, instant by instant, and throws at the first thing
 * that must never happen:
 *
 * a write that no intent announced, or outside of the plan; a switch that holds neither its old nor
 * its new bytes; a switch that goes live before all staged code was read back; staged code that is
 * written while its switch is live, or taken away before every processor has left it.
 */
export function replayWorld(world: SpliceWorld, startsApplied: boolean): void {
  const replay = new Replay(world.plan, startsApplied)
  for (const event of world.events) replay.step(event)
  const foreign = bytesChangedOutside(world)
  if (foreign > 0) throw new Error(`${foreign} bytes outside of the plan changed`)
}

class Replay {
  readonly #plan: SplicePlan
  readonly #found: Uint8Array[]
  /** Indices of writes whose bytes were read since they were last written. */
  readonly #seen = new Set<number>()
  #announced: { readonly write: number; readonly direction: string } | undefined
  #passed = false

  constructor(plan: SplicePlan, startsApplied: boolean) {
    this.#plan = plan
    this.#found = plan.writes.map((write) => (startsApplied ? write.after : write.before).slice())
  }

  step(event: WorldEvent): void {
    switch (event.kind) {
      case 'journal':
        this.#announced = event.record.kind === 'intent' ? event.record : undefined
        return
      case 'passage':
        this.#passed = event.result.kind === 'left'
        return
      case 'read':
        for (const index of this.#plan.writes.keys()) {
          if (contains(event.extent, this.#extent(index))) this.#seen.add(index)
        }
        return
      case 'write':
        this.#write(event.extent, event.bytes)
    }
  }

  #write(extent: Extent, bytes: Uint8Array): void {
    const index = this.#plan.writes.findIndex((_, each) => contains(this.#extent(each), extent))
    const write = this.#plan.writes[index]
    const found = this.#found[index]
    if (write === undefined || found === undefined) throw new Error('A write left the plan')
    if (this.#announced?.write !== index) throw new Error(`Nothing announced ${write.place}`)
    if (write.role === 'switch') this.#beforeSwitch(write, bytes)
    else this.#beforeStaging(write)
    found.set(bytes, distance(this.#extent(index).start, extent.start))
    this.#seen.delete(index)
    const state = writeStateOf(write, found)
    if (write.role === 'switch' && state !== 'before' && state !== 'after') {
      throw new Error(`The switch at ${write.place} is ${state}`)
    }
  }

  #beforeSwitch(write: PlannedWrite, bytes: Uint8Array): void {
    this.#passed = false
    if (writeStateOf(write, bytes) !== 'after') return
    for (const [index, other] of this.#plan.writes.entries()) {
      if (other.role === 'switch') continue
      if (this.#state(index) !== 'after' || !this.#seen.has(index)) {
        throw new Error(`${write.place} goes live before ${other.place} was verified`)
      }
    }
  }

  #beforeStaging(write: PlannedWrite): void {
    for (const [index, other] of this.#plan.writes.entries()) {
      const live = other.role === 'switch' && this.#state(index) !== 'before'
      if (live && other.change === write.change) {
        throw new Error(`${write.place} is written while ${other.place} is live`)
      }
    }
    if (this.#announced?.direction === 'put-before' && !this.#passed) {
      throw new Error(`${write.place} is taken away before every processor has left it`)
    }
  }

  #state(index: number): string {
    const write = this.#plan.writes[index]
    const found = this.#found[index]
    return write === undefined || found === undefined ? 'none' : writeStateOf(write, found)
  }

  #extent(index: number): Extent {
    const write = this.#plan.writes[index]
    if (write === undefined) throw new RangeError(`No write ${index}`)
    return toMachine(simLocation, rangeOf(write))
  }
}

/** How many bytes differ from the unpatched hypervisor's, outside of the plan's ranges. */
function bytesChangedOutside(world: SpliceWorld): number {
  const expected = simHypervisorRam()
  const found = simFound(world.ram, world.plan)
  for (const [index, write] of world.plan.writes.entries()) {
    expected.write(toMachine(simLocation, rangeOf(write)).start, found[index] ?? write.before)
  }
  let changed = 0
  const { bytes } = world.ram
  for (let index = 0; index < bytes.length; index += 1) {
    if (bytes[index] !== expected.bytes[index]) changed += 1
  }
  return changed
}
