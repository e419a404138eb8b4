import { Command } from 'commander'
import type { ShelvedFix } from '../host/fix-shelf.ts'
import { type LocatedFix, locateFix } from '../host/locate-fix.ts'
import type { Image } from '../image/image.ts'
import { overlayImage } from '../image/overlay-image.ts'
import type { Fix } from '../hotfix/fix.ts'
import { linkedBytes } from '../splice/live-snapshot.ts'
import { planFix } from '../splice/plan-fix.ts'
import type { SplicePlan } from '../splice/plan.ts'
import { renderPlan } from '../splice/render-plan.ts'
import { describeState } from '../splice/state-of.ts'
import { locateFailure } from './change-report.ts'
import { CommandFailed } from './command-failed.ts'
import { withHostOptions } from './host-options.ts'
import { type HostOptions, requireFix, withHost } from './open-host.ts'
import { print } from './output.ts'
import { readImageFile } from './read-image-file.ts'

interface PlanOptions extends HostOptions {
  readonly json?: boolean
  readonly offline?: boolean
}

export function planCommand(): Command {
  const command = new Command('plan')
    .description('shows what a fix would write, where, and why each write is safe; writes nothing')
    .argument('FIX', 'a fix by name, or the path of a fix file')
  return withHostOptions(command)
    .option('--offline', 'plan from --symbols alone, on any machine')
    .addHelpText(
      'after',
      '\nExamples:\n  reweave plan xsa-506\n' +
        '  reweave plan xsa-506 --offline --symbols ./xen-syms-4.17-amd64\n',
    )
    .action(async (wanted: string, options: PlanOptions) => {
      const shelved = requireFix(wanted)
      const json = options.json ?? false
      if (options.offline) {
        const { plan, image } = await planOffline(shelved, options.symbols)
        print(json, { plan }, renderPlan(plan, image))
        return
      }
      const { plan, image, state } = await withHost(options, shelved, async (host) =>
        locate(await locateFix(host, shelved)),
      )
      print(json, { plan, state }, `${renderPlan(plan, image)}\n${describeState(state)}`)
    })
}

function locate(outcome: Awaited<ReturnType<typeof locateFix>>): LocatedFix {
  if (outcome.kind === 'located') return outcome.located
  throw locateFailure(outcome)
}

/** The plan for an unspliced hypervisor, from its symbol file. */
async function planOffline(
  { fix, base }: ShelvedFix,
  symbols: string | undefined,
): Promise<{ readonly plan: SplicePlan; readonly image: Image }> {
  if (symbols === undefined) {
    throw new CommandFailed('usage', 'plan --offline needs --symbols FILE, the xen-syms to plan on')
  }
  const linked = await readImageFile(symbols)
  if (base === undefined) return { plan: planOn(fix, linked), image: linked }
  const lower = planOn(base, linked)
  const image = overlayImage(
    linked,
    lower.writes.map(({ at, after }) => ({ at, bytes: after })),
  )
  return { plan: planOn(fix, image), image }
}

function planOn(fix: Fix, image: Image): SplicePlan {
  const planned = planFix({ fix, image, live: linkedBytes(image) })
  if (planned.kind === 'planned') return planned.plan
  throw locateFailure({ kind: 'not-plannable', fix: fix.name, refusals: planned.refusals })
}
