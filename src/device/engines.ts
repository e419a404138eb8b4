import type { DmaEngine } from '../memory/dma-engine.ts'
import type { Hypervisor } from '../xen/hypervisor.ts'
import {
  claim,
  type ClaimRefusal,
  describeClaimRefusal,
  giveBackAbandoned,
  whyNotNvme,
} from './claim.ts'
import { EDU_DEVICE, EDU_VENDOR, EduEngine } from './edu.ts'
import { FramePool, reclaimFrames } from './frame-pool.ts'
import { NVME_CLASS, NVME_FRAMES, NvmeEngine } from './nvme.ts'
import { listPciFunctions, type PciFunction } from './pci-function.ts'
import { ScratchBlocks } from './scratch-blocks.ts'

/** `nvme-sectors` is an NVMe controller used as if it had no SGLs. */
export type EngineKind = 'nvme' | 'nvme-sectors' | 'edu'

export const ENGINE_KINDS: readonly EngineKind[] = ['nvme', 'nvme-sectors', 'edu']

/** A device that can serve as a DMA engine, or one that could if nothing stood against it. */
export interface EngineCandidate {
  readonly kind: 'nvme' | 'edu'
  readonly address: string
  readonly driver: string | undefined
  readonly usable: boolean
  /** Why it is not usable, for people. */
  readonly why: string | undefined
}

/** Where the device layer keeps what outlives a process. */
export interface DeviceFolders {
  /** Emptied by a reboot: frames and devices taken. */
  readonly run: string
  /** Durable: blocks saved from a medium. */
  readonly state: string
}

/** The machine's DMA engines, usable or not, NVMe first. Touches no device. */
export function listEngines(): readonly EngineCandidate[] {
  return listPciFunctions()
    .flatMap((pci) => candidate(pci) ?? [])
    .sort((a, b) => (a.kind === b.kind ? 0 : a.kind === 'nvme' ? -1 : 1))
}

/** Takes a device from its driver and starts it as an engine. */
export async function openEngine(
  hypervisor: Hypervisor,
  options: { readonly kind: EngineKind; readonly address: string; readonly folders: DeviceFolders },
): Promise<DmaEngine> {
  const { kind, address, folders } = options
  const pci = listPciFunctions().find((found) => found.address === address)
  if (pci === undefined) throw new RangeError(`There is no PCI function ${address}`)
  if (kind === 'edu') {
    return new EduEngine(pci, new FramePool(hypervisor, 4, folders.run))
  }
  const giveBack = claim(pci, folders.run)
  return NvmeEngine.open({
    pci,
    pool: new FramePool(hypervisor, NVME_FRAMES, folders.run),
    scratch: new ScratchBlocks(folders.state),
    sectorsOnly: kind === 'nvme-sectors',
    giveBack,
  })
}

/** Undoes what a killed process left taken. Only for a caller that holds the host's lock. */
export function recoverDevices(
  hypervisor: Hypervisor,
  folders: DeviceFolders,
): { readonly devices: readonly string[]; readonly frames: number } {
  const devices = giveBackAbandoned(folders.run)
  return { devices, frames: reclaimFrames(hypervisor, folders.run) }
}

function candidate(pci: PciFunction): EngineCandidate | undefined {
  const { driver } = pci
  if (pci.vendor === EDU_VENDOR && pci.device === EDU_DEVICE) {
    const refusal: ClaimRefusal | undefined =
      driver === undefined ? undefined : { kind: 'foreign-driver', driver }
    return withReason('edu', pci, refusal)
  }
  if (pci.classCode !== NVME_CLASS) return undefined
  return withReason('nvme', pci, whyNotNvme(pci))
}

function withReason(
  kind: EngineCandidate['kind'],
  pci: PciFunction,
  refusal: ClaimRefusal | undefined,
): EngineCandidate {
  return {
    kind,
    address: pci.address,
    driver: pci.driver,
    usable: refusal === undefined,
    why: refusal && describeClaimRefusal(refusal),
  }
}
