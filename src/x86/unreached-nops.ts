import type { CleanSweep } from './boundaries.ts'
import { endsFlow } from './instruction.ts'

/** A run of NOPs inside a function, by its offset there. */
export interface NopRun {
  readonly offset: number
  readonly byteLength: number
}

/**
 * The NOPs inside a function that nothing executes: runs directly behind an instruction that
 * never goes on, into which no branch of the function leads.
 *
 * Compilers put them there to align what follows. A run ends where a branch arrives. A function
 * with an indirect jump has none: a jump table may lead anywhere into it.
 */
export function unreachedNops(sweep: CleanSweep): readonly NopRun[] {
  if (sweep.instructions.some((instruction) => instruction.flow === 'indirect-jump')) return []
  const runs: NopRun[] = []
  let reached = true
  let start: number | undefined
  const close = (end: number): void => {
    if (start !== undefined) runs.push({ offset: start, byteLength: end - start })
    start = undefined
  }
  for (const instruction of sweep.instructions) {
    if (sweep.targets.has(instruction.offset)) reached = true
    if (reached || !instruction.isNop) {
      close(instruction.offset)
      reached = !endsFlow(instruction)
    } else {
      start ??= instruction.offset
    }
  }
  close(sweep.byteLength)
  return runs
}
