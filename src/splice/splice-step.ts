import { type ImageLocation, toMachine } from '../image/image-location.ts'
import type { PhysicalMemory, TransferFailure } from '../memory/physical-memory.ts'
import type { WriteGrant } from '../memory/write-grant.ts'
import type { WriteDirection } from './journal.ts'
import { rangeOf } from './plan-shape.ts'
import type { PlannedWrite } from './plan.ts'
import { readAll } from './read-all.ts'
import type { StepFailure } from './step-failure.ts'

export interface SpliceStep {
  readonly write: PlannedWrite
  readonly direction: WriteDirection
  readonly location: ImageLocation
  readonly grant: WriteGrant
}

/** What one step did. `found`: what memory was read to hold last; undefined when that is unknown. */
export interface StepResult {
  readonly failure: StepFailure | undefined
  readonly found: Uint8Array | undefined
}

/** Writes the bytes of one planned write and reads them back. Success means: read back equal. */
export async function makeStep(memory: PhysicalMemory, step: SpliceStep): Promise<StepResult> {
  const { write, direction, location, grant } = step
  const wanted = direction === 'put-after' ? write.after : write.before
  const at = toMachine(location, rangeOf(write))
  try {
    const wrote = await memory.write(grant, at.start, wanted)
    if (wrote.kind !== 'accepted') {
      return failed({ kind: 'write-failed', outcome: wrote, write, direction })
    }
  } catch (cause) {
    return failed({ kind: 'memory-broke', cause, write, direction })
  }
  const result = await readStep(memory, step)
  const { found } = result
  if (found === undefined || found.every((byte, index) => byte === wanted[index])) return result
  const failure = { kind: 'read-back-differs', found, wanted, write, direction } as const
  return { failure, found }
}

/** Reads what memory holds at one planned write. */
export async function readStep(memory: PhysicalMemory, step: SpliceStep): Promise<StepResult> {
  const { write, direction, location } = step
  let outcome: TransferFailure
  try {
    const read = await readAll(memory, [toMachine(location, rangeOf(write))])
    if (read.kind === 'read') return { failure: undefined, found: read.found[0] }
    outcome = read.outcome
  } catch (cause) {
    return failed({ kind: 'memory-broke', cause, write, direction })
  }
  return failed({ kind: 'read-back-failed', outcome, write, direction })
}

function failed(failure: StepFailure): StepResult {
  return { failure, found: undefined }
}
