import type { DmaEngine } from '../memory/dma-engine.ts'
import type { Hypervisor } from '../xen/hypervisor.ts'
import {
  abandonedClaims,
  claim,
  type Claim,
  type ClaimRefusal,
  describeClaimRefusal,
  whyNotNvme,
} from './claim.ts'
import { EDU_DEVICE, EDU_FRAMES, EDU_VENDOR, EduEngine } from './edu.ts'
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

/**
 * Takes a device from its driver and starts it as an engine.
 *
 * When it cannot be started, the device is given back before the error is thrown.
 */
export async function openEngine(
  hypervisor: Hypervisor,
  options: {
    readonly kind: EngineKind
    readonly address: string
    readonly folders: DeviceFolders
  },
): Promise<DmaEngine> {
  const { kind, address, folders } = options
  const pci = listPciFunctions().find((found) => found.address === address)
  if (pci === undefined) throw new RangeError(`There is no PCI function ${address}`)
  return startEngine(hypervisor, kind, claim(pci, folders.run), folders)
}

/** Undoes what a killed process left. Only for a caller that holds the host's lock. */
export async function recoverDevices(
  hypervisor: Hypervisor,
  folders: DeviceFolders,
): Promise<{ readonly devices: readonly string[]; readonly frames: number }> {
  const claims = abandonedClaims(folders.run)
  const frames = reclaimFrames(hypervisor, folders.run)
  for (const abandoned of claims) {
    if (abandoned.pci.classCode === NVME_CLASS) {
      // Opened and released, the engine puts back the blocks that the dead process used.
      await startEngine(hypervisor, 'nvme', abandoned, folders).then(
        (engine) => engine.release(),
        // It was given back all the same, and what was saved is kept for the next try.
        () => undefined,
      )
    } else abandoned.giveBack()
  }
  return { devices: claims.map(({ pci }) => pci.address), frames }
}

async function startEngine(
  hypervisor: Hypervisor,
  kind: EngineKind,
  { pci, giveBack }: Claim,
  folders: DeviceFolders,
): Promise<DmaEngine> {
  let pool: FramePool | undefined
  try {
    pool = new FramePool(hypervisor, kind === 'edu' ? EDU_FRAMES : NVME_FRAMES, folders.run)
    if (kind === 'edu') return new EduEngine(pci, pool, giveBack)
    const scratch = new ScratchBlocks(folders.state)
    const sectorsOnly = kind === 'nvme-sectors'
    return await NvmeEngine.open({ pci, pool, scratch, sectorsOnly, giveBack })
  } catch (error) {
    pci.disableBusMaster()
    pool?.release()
    giveBack()
    throw error
  }
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
