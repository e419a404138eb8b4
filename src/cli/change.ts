import { randomUUID } from 'node:crypto'
import type { Command } from 'commander'
import { changeFix } from '../host/change-fix.ts'
import { KILL_AT_STEP, killingJournal } from '../host/kill-at-step.ts'
import type { Journal } from '../splice/journal.ts'
import type { SpliceGoal } from '../splice/precheck.ts'
import { IdlePassage } from '../xen/idle-passage.ts'
import { type ChangeReport, reportChange, sessionCost } from './change-report.ts'
import { CommandFailed } from './command-failed.ts'
import { withHostOptions } from './host-options.ts'
import { type HostOptions, type OpenHost, requireFix, withHost } from './open-host.ts'
import { print, progress } from './output.ts'

interface ChangeOptions extends HostOptions {
  readonly json?: boolean
  readonly labOnly?: boolean
}

/** The arguments and the action that `apply` and `revert` share. */
export function changeCommand(command: Command, goal: SpliceGoal): Command {
  command.argument('FIX', 'a fix by name, or the path of a fix file')
  return withHostOptions(command).action(async (wanted: string, options: ChangeOptions) => {
    const report = await runChange(wanted, goal, options)
    print(options.json ?? false, report, renderChange(report))
  })
}

async function runChange(
  wanted: string,
  goal: SpliceGoal,
  options: ChangeOptions,
): Promise<ChangeReport> {
  const shelved = requireFix(wanted)
  const { name, labOnly } = shelved.fix
  if (labOnly && goal === 'applied' && options.labOnly !== true) {
    throw new CommandFailed(
      'usage',
      `${name} opens a hole on purpose and is for the lab: pass --lab-only to apply it all the ` +
        'same; nothing was written',
    )
  }
  return withHost(options, shelved, async (host) => {
    progress(
      `${goal === 'applied' ? 'Applying' : 'Reverting'} ${name} through ${host.session.engine}`,
    )
    const started = new Date()
    const { sysctl } = host
    const outcome = await changeFix(host, shelved, goal, {
      journal: journalOf(host),
      // Without idle times nothing proves that the CPUs have left; staged code then stays.
      passage: new IdlePassage(() => sysctl?.idleNanoseconds() ?? []),
      transaction: randomUUID(),
    })
    const { result, written, staged } = reportChange(goal, name, outcome)
    return { ok: true, fix: name, result, written, staged, ...sessionCost(host.session, started) }
  })
}

/** The journal, or one that ends this process at a step, if a test asks for it. */
function journalOf(host: OpenHost): Journal {
  const journal = host.journalFile.forBoot(host.bootId)
  const step = Number.parseInt(process.env[KILL_AT_STEP] ?? '', 10)
  return Number.isNaN(step) ? journal : killingJournal(journal, step)
}

/** The report in one or two lines for people. */
export function renderChange(report: ChangeReport): string {
  const { fix, written, staged, engine, dma, seconds } = report
  const cost = `${dma.bytes} bytes by DMA through ${engine}, ${seconds.toFixed(1)} s`
  const sentence = {
    applied: `${fix} is applied: ${written} writes, each read back`,
    reverted: `${fix} is reverted: the old bytes are back, ${written} writes, each read back`,
    'already-applied': `${fix} is already applied; nothing was written`,
    'not-applied': `${fix} is not applied; nothing was written`,
  }[report.result]
  const left =
    staged === undefined ? '' : `\nIts code was left in the padding, unreachable: ${staged}`
  return `${sentence} (${cost})${left}`
}
