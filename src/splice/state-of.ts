import type { FixState, WriteFinding, WriteState } from './fix-state.ts'
import type { PlannedWrite, SplicePlan } from './plan.ts'

/**
 * What memory shows of a fix: `found` holds the bytes at each write of the plan, in its order.
 *
 * @throws RangeError when `found` does not fit the plan
 */
export function stateOf(plan: SplicePlan, found: readonly Uint8Array[]): FixState {
  const writes = findings(plan, found)
  if (writes.some(({ state }) => state === 'foreign')) return { kind: 'foreign', writes }
  if (writes.every(({ state }) => state === 'after')) return { kind: 'applied' }
  const switches = writes.filter(({ write }) => write.role === 'switch')
  if (switches.every(({ state }) => state === 'before')) {
    return { kind: 'not-applied', staged: writes.some(({ state }) => state !== 'before') }
  }
  return { kind: 'inconsistent', writes }
}

/** What memory shows at one write. */
export function writeStateOf(write: PlannedWrite, found: Uint8Array): WriteState {
  const { before, after } = write
  if (found.length !== before.length || before.length !== after.length) {
    throw new RangeError(`${found.length} bytes cannot be the ${before.length} at ${write.place}`)
  }
  if (found.every((byte, index) => byte === after[index])) return 'after'
  if (found.every((byte, index) => byte === before[index])) return 'before'
  const ours = found.every((byte, index) => byte === before[index] || byte === after[index])
  return ours ? 'torn' : 'foreign'
}

/** One sentence for people that says how the machine is. */
export function describeState(state: FixState): string {
  switch (state.kind) {
    case 'applied':
      return 'The fix is applied: every write of its plan is in memory'
    case 'not-applied':
      return state.staged
        ? 'The fix is not applied: every site holds its old bytes, and staged code that nothing ' +
            'reaches is left in memory'
        : 'The fix is not applied: memory holds the old bytes everywhere'
    case 'inconsistent':
      return describeInconsistent(state.writes)
    case 'foreign': {
      const places = state.writes
        .filter((finding) => finding.state === 'foreign')
        .map(({ write }) => write.place)
      return (
        `Memory holds bytes at ${places.join(', ')} that are neither the fix's nor the build's; ` +
        'something else changed this hypervisor'
      )
    }
  }
}

function describeInconsistent(writes: readonly WriteFinding[]): string {
  const switches = writes.filter(({ write }) => write.role === 'switch')
  const live = switches.filter(({ state }) => state === 'after').length
  const count = switches.length === 1 ? '1 switch' : `${switches.length} switches`
  const torn = writes.filter(({ state }) => state === 'torn').map(({ write }) => write.place)
  const half = torn.length === 0 ? '' : `; half-written: ${torn.join(', ')}`
  return `The fix is half applied: ${live} of ${count} ${live === 1 ? 'is' : 'are'} live${half}; apply or revert can finish`
}

function findings(plan: SplicePlan, found: readonly Uint8Array[]): WriteFinding[] {
  if (found.length !== plan.writes.length) {
    throw new RangeError(`${found.length} runs of bytes for a plan of ${plan.writes.length} writes`)
  }
  return plan.writes.map((write, index) => {
    const bytes = found[index] ?? new Uint8Array(0)
    return { write, state: writeStateOf(write, bytes), found: bytes }
  })
}
