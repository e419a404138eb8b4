import { describeXenAnswer, readXenAnswer } from '../channel/livepatch-answer.ts'
import type { EngineCandidate } from '../device/engines.ts'
import { listEngines } from '../device/engines.ts'
import type { BuildId } from '../image/build-id.ts'
import type { MachineAddress } from '../address/address.ts'
import type { AddressRange } from '../address/address-range.ts'
import { type Domain, listDomains } from '../xen/domains.ts'
import type { Hypervisor } from '../xen/hypervisor.ts'
import { readBuildId, readCommandLine, readImageRange, readVersion } from '../xen/identity.ts'
import { dmaReachesXen, type IommuMode, iommuModeFrom } from '../xen/iommu-mode.ts'
import { Livepatch, type LivepatchListAnswer } from '../xen/livepatch.ts'
import { Sysctl } from '../xen/sysctl.ts'

/** A way into the hypervisor, and whether it is open on this host. */
export interface ChannelVerdict {
  readonly channel: 'dma' | 'livepatch'
  readonly works: boolean
  /** Why, or why not: a sentence for people. */
  readonly why: string
}

/** What one look at a host shows. Dated by whoever keeps it. */
export interface HostFacts {
  readonly xenVersion: string
  readonly buildId: BuildId | undefined
  readonly commandLine: string
  readonly image: AddressRange<MachineAddress> | undefined
  readonly cpus: number | undefined
  readonly iommu: IommuMode
  /** Undefined where the running Xen's interface version is not known to Reweave. */
  readonly domains: readonly Domain[] | undefined
  readonly engines: readonly EngineCandidate[]
  readonly channels: readonly ChannelVerdict[]
}

/** Looks at the host. Changes nothing on it. */
export function inspectHost(hypervisor: Hypervisor): HostFacts {
  const sysctl = Sysctl.open(hypervisor)
  const buildId = readBuildId(hypervisor)
  const image = readImageRange(hypervisor)
  const iommu = readIommuMode(sysctl)
  const engines = listEngines()
  return {
    xenVersion: readVersion(hypervisor),
    buildId,
    commandLine: readCommandLine(hypervisor),
    image,
    cpus: sysctl?.physicalInfo().onlineCpus,
    iommu,
    domains: sysctl && listDomains(sysctl),
    engines,
    channels: [
      dmaVerdict({ buildId, image, iommu, engines }),
      livepatchVerdict(sysctl && new Livepatch(hypervisor, sysctl).list()),
    ],
  }
}

export function readIommuMode(sysctl: Sysctl | undefined): IommuMode {
  if (sysctl === undefined) {
    return { kind: 'unknown', evidence: 'Xen speaks no sysctl interface version known to Reweave' }
  }
  const { iommuEnabled } = sysctl.physicalInfo()
  return iommuModeFrom({ iommuEnabled, consoleRing: sysctl.consoleRing() })
}

/** Every condition of the DMA channel; the first that does not hold is the reason. */
export function dmaVerdict(
  facts: Pick<HostFacts, 'buildId' | 'image' | 'iommu' | 'engines'>,
): ChannelVerdict {
  const no = (why: string): ChannelVerdict => ({ channel: 'dma', works: false, why })
  if (facts.buildId === undefined) return no('Xen reports no build-id')
  if (facts.image === undefined) return no('Xen does not say where it lies (no CONFIG_KEXEC)')
  if (!dmaReachesXen(facts.iommu)) {
    return no(`the IOMMU mode of Dom0 is ${facts.iommu.kind} (${facts.iommu.evidence})`)
  }
  const usable = facts.engines.find((engine) => engine.usable)
  if (usable)
    return { channel: 'dma', works: true, why: `through ${usable.kind} ${usable.address}` }
  const reasons = facts.engines.map(
    ({ kind, address, why }) => `${kind} ${address}: ${why ?? 'unknown'}`,
  )
  return no(reasons.length > 0 ? reasons.join('; ') : 'no NVMe controller and no edu device')
}

/** Whether Xen takes livepatches from Dom0, by what its list of them came to. */
export function livepatchVerdict(listed: LivepatchListAnswer | undefined): ChannelVerdict {
  const no = (why: string): ChannelVerdict => ({ channel: 'livepatch', works: false, why })
  if (listed === undefined) return no('Xen speaks no sysctl interface version known to Reweave')
  if (listed.kind === 'error') {
    return no(describeXenAnswer(readXenAnswer('list', listed.errno, [])))
  }
  const { payloads } = listed
  const applied = payloads.filter(({ state }) => state !== 'checked').length
  const why = `Xen takes livepatches (${payloads.length} loaded, ${applied} in use)`
  return { channel: 'livepatch', works: true, why }
}
