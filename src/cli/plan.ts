import { Command } from 'commander'
import { overlayImage } from '../image/overlay-image.ts'
import type { Image } from '../image/image.ts'
import type { Bundle } from '../hotfix/bundle.ts'
import type { ShelvedHotfix } from '../host/fix-shelf.ts'
import { type LocatedFix, locateFix } from '../host/locate-fix.ts'
import { prepareSplices } from '../host/plan-splices.ts'
import { linkedBytes } from '../splice/live-snapshot.ts'
import type { SplicePlan } from '../splice/plan.ts'
import { renderPlan } from '../splice/render-plan.ts'
import { describeState } from '../splice/state-of.ts'
import { locateFailure } from './change-report.ts'
import { CommandFailed } from './command-failed.ts'
import { readEngineKind, withHostMemory } from './host-memory.ts'
import { withHostOptions } from './host-options.ts'
import { type HostOptions, requireBuildId, requireHypervisor, withHost } from './open-host.ts'
import { print } from './output.ts'
import { readImageFile } from './read-image-file.ts'
import { requireHotfix, requireSameBuild } from './require-hotfix.ts'

interface PlanOptions extends HostOptions {
  readonly json?: boolean
  readonly offline?: boolean
  readonly reuseVendorCode?: boolean
}

export function planCommand(): Command {
  const command = new Command('plan')
    .description(
      'shows what a hotfix would write by DMA, where, and why each write is safe; writes nothing',
    )
    .argument('FIX', 'a hotfix by name, or the path of a bundle or a fix file')
  return withHostOptions(command)
    .option('--reuse-vendor-code', 'on a host: write over code that its CPUs cannot run')
    .option('--offline', 'plan from --symbols alone, on any machine')
    .addHelpText(
      'after',
      '\nExamples:\n  reweave plan xsa-506\n' +
        '  reweave plan xsa-506 --offline --symbols ./xen-syms-4.17-amd64\n',
    )
    .action(async (wanted: string, options: PlanOptions) => {
      const shelved = requireHotfix(wanted, 'shelf')
      const json = options.json ?? false
      if (options.offline) {
        const { plan, image } = await planOffline(shelved, options.symbols)
        print(json, { plan }, renderPlan(plan, image))
        return
      }
      const { plan, image, state } = await planOnHost(shelved, options)
      print(json, { plan, state }, `${renderPlan(plan, image)}\n${describeState(state)}`)
    })
}

async function planOnHost(shelved: ShelvedHotfix, options: PlanOptions): Promise<LocatedFix> {
  const engine = readEngineKind(options.engine)
  const { reuseVendorCode = false } = options
  const hypervisor = requireHypervisor()
  requireSameBuild(shelved.hotfix, requireBuildId(hypervisor))
  return withHost(hypervisor, options, (host) =>
    withHostMemory(host, { engine, reuseVendorCode }, async (memory) => {
      const outcome = await locateFix(memory, shelved)
      if (outcome.kind === 'located') return outcome.located
      throw locateFailure(outcome)
    }),
  )
}

/** The plan for an unspliced hypervisor, from its symbol file. */
async function planOffline(
  { hotfix, base }: ShelvedHotfix,
  symbols: string | undefined,
): Promise<{ readonly plan: SplicePlan; readonly image: Image }> {
  if (symbols === undefined) {
    throw new CommandFailed('usage', 'plan --offline needs --symbols FILE, the xen-syms to plan on')
  }
  const linked = await readImageFile(symbols)
  if (base === undefined) return { plan: planOn(hotfix, linked), image: linked }
  const lower = planOn(base, linked)
  const image = overlayImage(
    linked,
    lower.writes.map(({ at, after }) => ({ at, bytes: after })),
  )
  return { plan: planOn(hotfix, image), image }
}

function planOn(hotfix: Bundle, image: Image): SplicePlan {
  const prepared = prepareSplices(hotfix, image, undefined)
  const planned =
    prepared.kind === 'planner' ? prepared.plan(linkedBytes(image), undefined) : prepared
  if (planned.kind === 'planned') return planned.plan
  throw locateFailure({ ...planned, fix: hotfix.manifest.name })
}
