import type { LabParts } from '../lab/parts.ts'
import { TrialHost } from './trial-host.ts'
import type { TrialReport } from './trial-report.ts'
import { type TrialOrder, tryHotfix } from './try-hotfix.ts'

/** The emulator ends guests by triple faults now and then, which says nothing about a hotfix. */
const MOST_ATTEMPTS = 3

/**
 * Tries hotfixes one after the other, each reverted before the next, on one machine.
 *
 * A trial that does not hold after a triple fault in a guest is made again on a fresh machine.
 */
export async function runTrials(
  parts: LabParts,
  orders: readonly TrialOrder[],
  progress: (line: string) => void,
): Promise<readonly TrialReport[]> {
  const reports: TrialReport[] = []
  let host: TrialHost | undefined
  try {
    for (const order of orders) {
      for (let attempt = 1; ; attempt += 1) {
        host ??= await TrialHost.start(parts, progress)
        const report = await tryHotfix(host, order)
        const fault = report.ok ? undefined : host.tripleFault()
        if (!report.ok) {
          // What a failed trial left behind must not meet the next one.
          await host.stop()
          host = undefined
        }
        if (fault === undefined || attempt >= MOST_ATTEMPTS) {
          reports.push(report)
          break
        }
        progress(`${fault}; trying again on a fresh machine`)
      }
    }
  } finally {
    await host?.stop()
  }
  return reports
}
