import { randomUUID } from 'node:crypto'
import { changeFix } from '../host/change-fix.ts'
import type { ShelvedHotfix } from '../host/fix-shelf.ts'
import { IdlePassage } from '../xen/idle-passage.ts'
import type { ChangeOrder } from './change.ts'
import {
  type ChangeResult,
  type DmaCost,
  reportChange,
  sessionCost,
  timesSince,
} from './change-report.ts'
import { hostJournal } from './host-journal.ts'
import { withHostMemory } from './host-memory.ts'
import type { OpenHost } from './open-host.ts'
import { progress } from './output.ts'

/** Brings a hotfix in, or takes it out, through a device's DMA. */
export function changeByDma(
  host: OpenHost,
  shelved: ShelvedHotfix,
  { goal, ...wish }: ChangeOrder,
): Promise<ChangeResult & DmaCost> {
  const { name } = shelved.hotfix.manifest
  return withHostMemory(host, wish, async (memory) => {
    const { session } = memory
    progress(`${goal === 'applied' ? 'Applying' : 'Reverting'} ${name} through ${session.engine}`)
    const started = new Date()
    const { sysctl } = host
    const outcome = await changeFix(memory, shelved, goal, {
      journal: hostJournal(host, shelved.hotfix),
      // Without idle times nothing proves that the CPUs have left; staged code then stays.
      passage: new IdlePassage(() => sysctl?.idleTimes() ?? []),
      transaction: randomUUID(),
    })
    const done = reportChange(goal, name, outcome)
    return { channel: 'dma', ...done, ...sessionCost(session), ...timesSince(started) }
  })
}
