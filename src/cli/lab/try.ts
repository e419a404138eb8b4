import { readFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import { HYPERVISOR_VERSIONS } from '../../../lab/hypervisor.ts'
import { type HypervisorParts, prepareLab } from '../../../lab/parts.ts'
import { runTrials } from '../../../trial/run-trials.ts'
import { renderTrials, type TrialReport } from '../../../trial/trial-report.ts'
import type { TrialOrder } from '../../../trial/try-hotfix.ts'
import { sha256 } from '../../host/sha256.ts'
import { describeBundleRefusal } from '../../hotfix/bundle-refusal.ts'
import type { HotfixManifest } from '../../hotfix/manifest.ts'
import { readBundle } from '../../hotfix/read-bundle.ts'
import { CommandFailed } from '../command-failed.ts'
import { exitCode } from '../exit-code.ts'
import { print } from '../output.ts'
import { asLabCommand } from './lab-failure.ts'
import { runTasks } from './lab-progress.ts'

interface TryOptions {
  readonly channel: 'livepatch' | 'dma' | 'auto' | 'both'
  readonly probe?: string
  readonly reuseVendorCode: boolean
  readonly json?: boolean
}

const EXAMPLES = `
The hotfix is applied on a fresh machine while a PV and a PVH guest run; a guest of each type is
created, run and destroyed under it; it is reverted; Xen's code and constants are compared byte for
byte, from outside, with what they were.

A probe is a command for Dom0's shell that exits 0 when the hole is closed. Without --probe, the probe
that the hotfix names is asked, if it names one.

Examples:
  $ reweave lab try xsa-506.hotfix
  $ reweave lab try xsa-506.hotfix --channel both                # pauses side by side
  $ reweave lab try xsa-503.hotfix --channel livepatch --probe 'test -e /proc/xen' --json
`

/** `reweave lab try`: a hotfix brought in and taken out again on a real Xen machine. */
export function tryCommand(): Command {
  return new Command('try')
    .description('try a hotfix on a fresh machine: apply, run guests, revert, compare memory')
    .argument('<hotfix>', 'a bundle, as made by reweave build')
    .addOption(
      new Option('--channel <channel>', 'how to bring it in')
        .choices(['livepatch', 'dma', 'auto', 'both'])
        .default('auto'),
    )
    .option('--probe <command>', 'exits 0 in Dom0 when the hole is closed')
    .option(
      '--no-reuse-vendor-code',
      'by DMA: put no new code over code for the other CPU vendor, which cannot run here',
    )
    .option('--json', 'print the report for programs')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, options: TryOptions) => {
      await asLabCommand(async () => await tryOut(file, options))
    })
}

async function tryOut(file: string, options: TryOptions): Promise<void> {
  const manifest = readManifestOf(file)
  const json = options.json === true
  const { base } = manifest
  const version = HYPERVISOR_VERSIONS.find((one) => one === base.version)
  if (version === undefined) {
    throw new CommandFailed(
      'labRefused',
      `The lab has no Xen ${base.version} (build-id ${base.buildId}), ` +
        `only ${HYPERVISOR_VERSIONS.join(' and ')}`,
      { wanted: base.version, found: HYPERVISOR_VERSIONS },
    )
  }
  const [outcome] = await runTasks(
    [
      {
        title: `Trying ${manifest.name}`,
        run: async (progress) => {
          const parts = await prepareLab({ progress, hypervisorVersion: version })
          requireLabBuild(base, parts.hypervisor)
          return await runTrials(parts, ordersOf(file, manifest, options, progress), progress)
        },
      },
    ],
    { json },
  )
  if (outcome?.status !== 'fulfilled') throw outcome?.reason ?? new Error('Nothing was tried')
  report(outcome.value, json)
}

/** Refuses a hotfix for another build of the version that the lab has, before a machine is booted. */
export function requireLabBuild(
  wanted: HotfixManifest['base'],
  found: Pick<HypervisorParts, 'version' | 'buildId'>,
): void {
  if (wanted.buildId === found.buildId) return
  throw new CommandFailed(
    'labRefused',
    `The lab's Xen ${found.version} has build-id ${found.buildId}, ` +
      `and the hotfix is for ${wanted.buildId}`,
    { wanted: wanted.buildId, found: found.buildId },
  )
}

function ordersOf(
  file: string,
  manifest: HotfixManifest,
  options: TryOptions,
  progress: (line: string) => void,
): readonly TrialOrder[] {
  const channels =
    options.channel === 'both' ? (['livepatch', 'dma'] as const) : ([options.channel] as const)
  const probe = options.probe ?? (manifest.probe && `reweave probe ${manifest.probe}`)
  return channels.map((channel) => ({
    name: manifest.name,
    file,
    channel,
    applyOptions: [
      ...(options.reuseVendorCode && channel !== 'livepatch' ? ['--reuse-vendor-code'] : []),
      ...(manifest.labOnly ? ['--lab-only'] : []),
    ],
    probe,
    progress,
  }))
}

/** One report is printed as it is; several side by side. */
function report(reports: readonly TrialReport[], json: boolean): void {
  const ok = reports.length > 0 && reports.every((each) => each.ok)
  const [first] = reports
  print(json, reports.length === 1 ? first : { ok, trials: reports }, renderTrials(reports))
  if (!ok) process.exitCode = exitCode('labFailed')
}

function readManifestOf(file: string): HotfixManifest {
  let bytes: Uint8Array
  try {
    bytes = readFileSync(file)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CommandFailed('badBundle', `Cannot read ${file}: ${reason}`, { file })
  }
  const read = readBundle(bytes, sha256)
  if (read.kind === 'read') return read.bundle.manifest
  throw new CommandFailed('badBundle', `${file} ${describeBundleRefusal(read.refusal)}`, {
    file,
    refusal: read.refusal,
  })
}
