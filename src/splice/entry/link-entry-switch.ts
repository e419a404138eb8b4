import { copyBytes } from '../../address/copy-bytes.ts'
import { advance, hex, type VirtualAddress } from '../../address/address.ts'
import {
  encodeNearJump,
  encodeShortJump,
  NEAR_JUMP_BYTES,
  reachesNear,
  SHORT_JUMP_BYTES,
} from '../../x86/jump.ts'
import { unitOf } from '../store-unit.ts'
import type { EntrySwitch, EntryWrite, StubPlace } from './entry-switch.ts'

export type LinkedEntrySwitch =
  /** Stage, relays, switch: in the order in which they are to be made. */
  | { readonly kind: 'linked'; readonly writes: readonly EntryWrite[] }
  | { readonly kind: 'out-of-reach'; readonly from: VirtualAddress; readonly to: VirtualAddress }

/**
 * The writes that send the function's calls to the new code at `target`.
 *
 * `stub` is given exactly if the switch has stub bytes. The caller has put the new code where
 * `target` says, and makes the writes behind that, the switch last.
 *
 * @throws RangeError when a stub's place is missing, or is not as long as the stub
 */
export function linkEntrySwitch(
  entry: EntrySwitch,
  target: VirtualAddress,
  stub?: StubPlace,
): LinkedEntrySwitch {
  const writes: EntryWrite[] = []
  let goal = target
  if (entry.stubByteLength > 0) {
    if (stub?.before.byteLength !== entry.stubByteLength) {
      throw new RangeError(`A stub of ${entry.stubByteLength} bytes has no place`)
    }
    const jumpAt = advance(stub.at, entry.undo.byteLength)
    if (!reachesNear(jumpAt, target)) return { kind: 'out-of-reach', from: jumpAt, to: target }
    const after = new Uint8Array(entry.stubByteLength)
    after.set(entry.undo)
    after.set(encodeNearJump(jumpAt, target), entry.undo.byteLength)
    const { at, before, place } = stub
    const why =
      `Nothing reaches these bytes yet. They undo what ${entry.function.name} did in front of ` +
      `its jump, and go on to the new code.`
    writes.push({ role: 'stage', at, before: copyBytes(before), after, place, why })
    goal = stub.at
  }
  const last = entry.relays.at(-1)?.at ?? entry.store.start
  if (!reachesNear(last, goal)) return { kind: 'out-of-reach', from: last, to: goal }
  // From the far end, so that each jump is written before the one that leads to it.
  for (const [index, relay] of Array.from(entry.relays.entries()).toReversed()) {
    const next = entry.relays[index + 1]
    const after =
      next === undefined ? encodeNearJump(relay.at, goal) : encodeShortJump(relay.at, next.at)
    const { at, before, place } = relay
    const why = 'Free bytes that nothing executes. Until the switch nothing jumps here.'
    writes.push({ role: 'relay', at, before: copyBytes(before), after, place, why })
  }
  writes.push(switchWrite(entry, goal))
  return { kind: 'linked', writes }
}

function switchWrite(entry: EntrySwitch, goal: VirtualAddress): EntryWrite {
  const { store, offset, before } = entry
  const [first] = entry.relays
  const after =
    first === undefined ? encodeNearJump(store.start, goal) : encodeShortJump(store.start, first.at)
  const bytes = first === undefined ? NEAR_JUMP_BYTES : SHORT_JUMP_BYTES
  const { name } = entry.function
  return {
    role: 'switch',
    at: store.start,
    before: copyBytes(before),
    after,
    place: offset === 0 ? name : `${name}+${hex(offset)}`,
    why:
      `One store of ${bytes} bytes inside the aligned 8 bytes at ${hex(unitOf(store.start))}; ` +
      'it replaces the first bytes of one instruction, so no CPU can be about to execute in ' +
      'its middle.',
  }
}
