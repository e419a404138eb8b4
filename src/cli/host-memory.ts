import { describeDmaRefusal, type DmaRefusal, withDma } from '../channel/dma-session.ts'
import { ENGINE_KINDS, type EngineKind } from '../device/engines.ts'
import { readIommuMode } from '../host/host-facts.ts'
import type { HostMemory } from '../host/locate-fix.ts'
import { livepatchedFunctions } from '../splice/patched-functions.ts'
import { CommandFailed } from './command-failed.ts'
import type { ExitName } from './exit-code.ts'
import { type OpenHost, shownLivepatches } from './open-host.ts'

export type HostMemoryOutcome<T> =
  | { readonly kind: 'done'; readonly result: T }
  | { readonly kind: 'refused'; readonly refusal: DmaRefusal }

/** Opens the DMA channel on an open host for `work`, and closes it. */
export async function tryHostMemory<T>(
  host: OpenHost,
  engine: EngineKind | undefined,
  work: (memory: HostMemory) => Promise<T>,
): Promise<HostMemoryOutcome<T>> {
  const { hypervisor, sysctl, image, journalFile, bootId, folders } = host
  const iommu = readIommuMode(sysctl)
  const listed = shownLivepatches(host)?.payloads ?? []
  const journal = journalFile.entries
  const livepatched = livepatchedFunctions(journal, bootId, listed)
  return withDma({ hypervisor, image, iommu, folders, engine }, (session) =>
    work({ session, image, journal, bootId, livepatched }),
  )
}

/** As `tryHostMemory`; a refusal ends the command. */
export async function withHostMemory<T>(
  host: OpenHost,
  engine: EngineKind | undefined,
  work: (memory: HostMemory) => Promise<T>,
): Promise<T> {
  const outcome = await tryHostMemory(host, engine, work)
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
