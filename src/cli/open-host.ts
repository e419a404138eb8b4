import path from 'node:path'
import { describeDmaRefusal, type DmaSession, withDma } from '../channel/dma-session.ts'
import { ENGINE_KINDS, type EngineKind } from '../device/engines.ts'
import { readBootId } from '../host/boot-id.ts'
import { describeShelfRefusal, findFix, type ShelvedFix } from '../host/fix-shelf.ts'
import { HOST_FOLDERS, type HostFolders } from '../host/folders.ts'
import { readIommuMode } from '../host/host-facts.ts'
import { lockHost } from '../host/host-lock.ts'
import { JournalFile } from '../host/journal-file.ts'
import type { HostMemory } from '../host/locate-fix.ts'
import { describeSymbols, findSymbols, symbolPatterns } from '../host/symbol-files.ts'
import type { Image } from '../image/image.ts'
import { describeHypervisorRefusal, Hypervisor } from '../xen/hypervisor.ts'
import { readBuildId } from '../xen/identity.ts'
import { Sysctl } from '../xen/sysctl.ts'
import { CommandFailed } from './command-failed.ts'
import { deferringSignals } from './defer-signals.ts'
import type { ExitName } from './exit-code.ts'

/** Options of the commands that reach into the hypervisor. */
export interface HostOptions {
  readonly symbols?: string
  readonly engine?: string
}

/** An open host: what a command needs besides the fix. */
export interface OpenHost extends HostMemory {
  readonly hypervisor: Hypervisor
  readonly sysctl: Sysctl | undefined
  readonly journalFile: JournalFile
  readonly folders: HostFolders
}

/** The checkout or the kit that this program runs from. */
export function kitFolder(): string {
  return process.env['REWEAVE_KIT'] ?? path.resolve(import.meta.dirname, '../..')
}

/** Where fixes are looked for by name. */
export function fixFolders(): readonly string[] {
  return [path.join(kitFolder(), 'fixes'), '/usr/lib/reweave/fixes']
}

/** The fix that was named, or the failure to end the command with. */
export function requireFix(wanted: string): ShelvedFix {
  const outcome = findFix(wanted, fixFolders())
  if (outcome.kind === 'found') return outcome.shelved
  throw new CommandFailed('badFix', describeShelfRefusal(outcome.refusal), {
    refusal: outcome.refusal,
  })
}

export function requireHypervisor(): Hypervisor {
  const opened = Hypervisor.open()
  if (opened.kind === 'open') return opened.hypervisor
  const exit: ExitName = opened.refusal.kind === 'not-root' ? 'notRoot' : 'notOnXen'
  throw new CommandFailed(exit, describeHypervisorRefusal(opened.refusal), {
    refusal: opened.refusal,
  })
}

/** Symbols of the very build that runs. */
export function requireSymbols(hypervisor: Hypervisor, named: string | undefined): Image {
  const buildId = readBuildId(hypervisor)
  if (buildId === undefined) {
    throw new CommandFailed(
      'badSymbols',
      'The running Xen reports no build-id; nothing was written',
    )
  }
  const symbols = findSymbols({ buildId, named, patterns: symbolPatterns(kitFolder()) })
  if (symbols.kind === 'found') return symbols.image
  throw new CommandFailed('badSymbols', describeSymbols(symbols), { symbols })
}

/**
 * Opens the host for a command that reads or writes the hypervisor's memory, and closes it.
 *
 * `fix` is checked against the running build before any device is touched.
 */
export async function withHost<T>(
  options: HostOptions,
  fix: ShelvedFix | undefined,
  work: (host: OpenHost) => Promise<T>,
): Promise<T> {
  const engine = readEngineKind(options.engine)
  const hypervisor = requireHypervisor()
  if (fix) requireSameBuild(hypervisor, fix)
  const image = requireSymbols(hypervisor, options.symbols)
  const folders = HOST_FOLDERS
  const lock = lockHost(folders.run)
  if (lock.kind === 'held') {
    const holder = lock.holder === undefined ? '' : ` (process ${lock.holder})`
    throw new CommandFailed(
      'busy',
      `Another reweave is at work on this host${holder}: try again when it is done; nothing was written`,
      { holder: lock.holder },
    )
  }
  try {
    const journalFile = JournalFile.open(folders.state)
    const sysctl = Sysctl.open(hypervisor)
    const iommu = readIommuMode(sysctl)
    const outcome = await deferringSignals(() =>
      withDma({ hypervisor, image, iommu, folders, engine }, (session: DmaSession) =>
        work({
          session,
          image,
          journal: journalFile.entries,
          bootId: readBootId(),
          hypervisor,
          sysctl,
          journalFile,
          folders,
        }),
      ),
    )
    if (outcome.kind === 'done') return outcome.result
    const { refusal } = outcome
    const exit: ExitName =
      refusal.kind === 'iommu'
        ? 'iommu'
        : refusal.kind === 'engine-failed-test' || refusal.kind === 'engine-not-started'
          ? 'engineFailed'
          : 'noEngine'
    throw new CommandFailed(exit, describeDmaRefusal(refusal), { refusal })
  } finally {
    lock.unlock()
  }
}

function requireSameBuild(hypervisor: Hypervisor, { fix }: ShelvedFix): void {
  const running = readBuildId(hypervisor)
  if (running === fix.base.buildId) return
  throw new CommandFailed(
    'otherBuild',
    `${fix.name} is for build ${fix.base.buildId} (${fix.base.version}), ` +
      `this host runs ${running ?? 'a build without build-id'}; nothing was written`,
    { wanted: fix.base.buildId, found: running },
  )
}

function readEngineKind(text: string | undefined): EngineKind | undefined {
  if (text === undefined || text === 'auto') return undefined
  const kind = ENGINE_KINDS.find((each) => each === text)
  if (kind !== undefined) return kind
  const known = ['auto', ...ENGINE_KINDS].join(', ')
  throw new CommandFailed('usage', `Unknown engine '${text}': choose one of ${known}`)
}
