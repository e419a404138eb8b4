import { readFileSync } from 'node:fs'
import {
  describeDmaRefusal,
  type DmaRefusal,
  type DmaSession,
  withDma,
} from '../channel/dma-session.ts'
import { ENGINE_KINDS, type EngineKind } from '../device/engines.ts'
import { parseCpuInfo } from '../host/cpu-facts.ts'
import { listHotfixesFor } from '../host/fix-shelf.ts'
import { readIommuMode } from '../host/host-facts.ts'
import type { HostMemory } from '../host/locate-fix.ts'
import { unusedVendorOn } from '../host/vendor-room.ts'
import { livepatchedFunctions } from '../splice/patched-functions.ts'
import { CommandFailed } from './command-failed.ts'
import type { ExitName } from './exit-code.ts'
import { type OpenHost, shownLivepatches } from './open-host.ts'
import { hotfixShelf } from './require-hotfix.ts'

export type HostMemoryOutcome<T> =
  | { readonly kind: 'done'; readonly result: T }
  | { readonly kind: 'refused'; readonly refusal: DmaRefusal }

/** What an operator says of the DMA channel. */
export interface DmaWish {
  /** The kind of device; undefined takes the first that is usable. */
  readonly engine: EngineKind | undefined
  /** Lets new code lie over code that this host's CPUs cannot run. */
  readonly reuseVendorCode?: boolean
}

/** The host's memory through a session that tells what it cost. */
export type OpenMemory = HostMemory & { readonly session: DmaSession }

/** Opens the DMA channel on an open host for `work`, and closes it. */
export async function tryHostMemory<T>(
  host: OpenHost,
  wish: DmaWish,
  work: (memory: OpenMemory) => Promise<T>,
): Promise<HostMemoryOutcome<T>> {
  const { hypervisor, sysctl, image, journalFile, bootId, folders } = host
  const iommu = readIommuMode(sysctl)
  const listed = shownLivepatches(host)?.payloads ?? []
  const journal = journalFile.entries
  const livepatched = livepatchedFunctions(journal, bootId, listed)
  const { engine, reuseVendorCode: reuseAllowed = false } = wish
  const unusedVendor = unusedVendorOn(parseCpuInfo(readFileSync('/proc/cpuinfo', 'utf8')).cpuVendor)
  if (reuseAllowed && unusedVendor === undefined) {
    const message = "This machine's CPUs are of no vendor whose code Xen keeps apart"
    throw new CommandFailed('noForm', `${message}; nothing was written`)
  }
  const vendorRoom = { unusedVendor, reuseAllowed }
  const ofBuild = listHotfixesFor(host.buildId, hotfixShelf())
  const byName = new Map(ofBuild.map((each) => [each.manifest.name, each]))
  const isWritten = (fix: string): boolean => byName.get(fix)?.fix !== undefined
  return withDma({ hypervisor, image, iommu, folders, engine }, (session) =>
    work({ session, image, journal, bootId, livepatched, isWritten, vendorRoom }),
  )
}

/** As `tryHostMemory`; a refusal ends the command. */
export async function withHostMemory<T>(
  host: OpenHost,
  wish: DmaWish,
  work: (memory: OpenMemory) => Promise<T>,
): Promise<T> {
  const outcome = await tryHostMemory(host, wish, work)
  if (outcome.kind === 'done') return outcome.result
  throw dmaFailure(outcome.refusal)
}

export function dmaFailure(refusal: DmaRefusal): CommandFailed {
  return new CommandFailed(dmaExit(refusal), describeDmaRefusal(refusal), { refusal })
}

function dmaExit({ kind }: DmaRefusal): ExitName {
  switch (kind) {
    case 'iommu':
      return 'iommu'
    case 'engine-failed-test':
    case 'engine-not-started':
      return 'engineFailed'
    case 'image-range-unknown':
    case 'no-engine':
      return 'noEngine'
  }
}

export function readEngineKind(text: string | undefined): EngineKind | undefined {
  if (text === undefined || text === 'auto') return undefined
  const kind = ENGINE_KINDS.find((each) => each === text)
  if (kind !== undefined) return kind
  const known = ['auto', ...ENGINE_KINDS].join(', ')
  throw new CommandFailed('usage', `Unknown engine '${text}': choose one of ${known}`)
}
