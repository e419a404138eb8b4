import type { RemoteMachine } from '../../../lab/remote-machine.ts'
import { type VirtualAddress, virtualAddress } from '../../../src/address/address.ts'
import type { AddressRange } from '../../../src/address/address-range.ts'
import { reweave } from './reweave-answer.ts'
import type { XenUnderTest } from './xen-under-test.ts'

/** A write of a plan, as `reweave plan --json` prints it. */
export interface PrintedWrite {
  readonly role: 'stage' | 'relay' | 'switch'
  readonly range: AddressRange<VirtualAddress>
  /** Hexadecimal digits. */
  readonly before: string
  readonly after: string
}

/** What a fix would write now. */
export async function readPlan(
  machine: RemoteMachine,
  fix: string,
): Promise<readonly PrintedWrite[]> {
  const { exit, json, stderr } = await reweave(machine, ['plan', fix])
  if (exit !== 0) throw new Error(`Cannot plan ${fix}: ${stderr}`)
  const { plan } = json as {
    plan: { writes: (Omit<PrintedWrite, 'range'> & { at: string })[] }
  }
  return plan.writes.map(({ role, at, before, after }) => {
    const range = { start: virtualAddress(BigInt(at)), byteLength: before.length / 2 }
    return { role, range, before, after }
  })
}

export function rangesOf(writes: readonly PrintedWrite[]): readonly AddressRange<VirtualAddress>[] {
  return writes.map(({ range }) => range)
}

/** What the machine's RAM shows of a plan, worked out without Reweave's own code for it. */
export function stateInRam(xen: XenUnderTest, writes: readonly PrintedWrite[]): string {
  const seen = writes.map((write) => {
    const bytes = Buffer.from(xen.bytesAt(write.range)).toString('hex')
    return {
      role: write.role,
      is: bytes === write.after ? 'after' : bytes === write.before ? 'before' : 'other',
    }
  })
  if (seen.some(({ is }) => is === 'other')) return 'foreign'
  if (seen.every(({ is }) => is === 'after')) return 'applied'
  const switches = seen.filter(({ role }) => role === 'switch')
  return switches.every(({ is }) => is === 'before') ? 'not-applied' : 'inconsistent'
}
