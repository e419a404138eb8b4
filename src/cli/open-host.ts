import { randomUUID } from 'node:crypto'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { LivepatchChannel } from '../channel/livepatch-channel.ts'
import { readBootId } from '../host/boot-id.ts'
import { HOST_FOLDERS, type HostFolders } from '../host/folders.ts'
import { lockHost } from '../host/host-lock.ts'
import { type HostJournal, JournalFile } from '../host/journal-file.ts'
import { describeSymbols, findSymbols, symbolPatterns } from '../host/symbol-files.ts'
import type { BuildId } from '../image/build-id.ts'
import type { Image } from '../image/image.ts'
import { describeHypervisorRefusal, Hypervisor } from '../xen/hypervisor.ts'
import { readBuildId } from '../xen/identity.ts'
import { Livepatch } from '../xen/livepatch.ts'
import { Sysctl } from '../xen/sysctl.ts'
import { CommandFailed } from './command-failed.ts'
import { deferringSignals } from './defer-signals.ts'
import type { ExitName } from './exit-code.ts'
import { type LivepatchesIn, livepatchesIn } from './livepatch-report.ts'

/** Options of the commands that reach into the hypervisor. */
export interface HostOptions {
  readonly symbols?: string
  readonly engine?: string
}

/** An open host, with no channel open yet: nobody else changes the hypervisor meanwhile. */
export interface OpenHost {
  readonly hypervisor: Hypervisor
  readonly buildId: BuildId
  readonly sysctl: Sysctl | undefined
  readonly image: Image
  readonly bootId: string
  readonly journalFile: JournalFile
  readonly folders: HostFolders
}

/** The checkout or the kit that this program runs from. */
export function kitFolder(): string {
  return process.env['REWEAVE_KIT'] ?? path.resolve(import.meta.dirname, '../..')
}

export function requireHypervisor(): Hypervisor {
  const opened = Hypervisor.open()
  if (opened.kind === 'open') return opened.hypervisor
  const exit: ExitName = opened.refusal.kind === 'not-root' ? 'notRoot' : 'notOnXen'
  throw new CommandFailed(exit, describeHypervisorRefusal(opened.refusal), {
    refusal: opened.refusal,
  })
}

/** The running build's identity, without which nothing can be said of a hotfix. */
export function requireBuildId(hypervisor: Hypervisor): BuildId {
  const buildId = readBuildId(hypervisor)
  if (buildId !== undefined) return buildId
  const message = 'The running Xen reports no build-id; nothing was written'
  throw new CommandFailed('badSymbols', message)
}

/** Symbols of the very build that runs. */
function requireSymbols(buildId: BuildId, named: string | undefined): Image {
  const symbols = findSymbols({ buildId, named, patterns: symbolPatterns(kitFolder()) })
  if (symbols.kind === 'found') return symbols.image
  throw new CommandFailed('badSymbols', describeSymbols(symbols), { symbols })
}

/** Opens the host for a command that reads or changes the hypervisor, and closes it. */
export async function withHost<T>(
  hypervisor: Hypervisor,
  options: HostOptions,
  work: (host: OpenHost) => Promise<T>,
): Promise<T> {
  const buildId = requireBuildId(hypervisor)
  const image = requireSymbols(buildId, options.symbols)
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
    const bootId = readBootId()
    const host = { hypervisor, buildId, sysctl, image, bootId, journalFile, folders }
    return await deferringSignals(() => work(host))
  } finally {
    lock.unlock()
  }
}

/** Xen's own livepatch mechanism on this host. Undefined where it cannot be asked at all. */
export function openLivepatch(
  host: OpenHost,
  journal: HostJournal = host.journalFile.forBoot(host.bootId),
): LivepatchChannel | undefined {
  const { hypervisor, sysctl, image, bootId, journalFile } = host
  if (sysctl === undefined) return undefined
  return new LivepatchChannel({
    port: new Livepatch(hypervisor, sysctl),
    clock: {
      now: () => performance.now(),
      sleep: async (milliseconds) => {
        await sleep(milliseconds)
      },
    },
    journal,
    entries: () => journalFile.entries,
    bootId,
    image,
    newTransaction: randomUUID,
  })
}

/** What Xen has loaded; undefined where this Xen has no livepatches, or cannot be asked at all. */
export function shownLivepatches(host: OpenHost): LivepatchesIn | undefined {
  const shown = openLivepatch(host)?.list()
  return shown && livepatchesIn(shown)
}
