import {
  type EngineCandidate,
  type EngineKind,
  listEngines,
  openEngine,
  recoverDevices,
} from '../device/engines.ts'
import type { ImageLocation } from '../image/image-location.ts'
import type { Image } from '../image/image.ts'
import type { DmaEngine } from '../memory/dma-engine.ts'
import { GuardedMemory } from '../memory/guarded-memory.ts'
import { MeteredMemory } from '../memory/metered-memory.ts'
import { describeEngineFailure, type EngineFailure, proveEngine } from '../memory/prove-engine.ts'
import type { Hypervisor } from '../xen/hypervisor.ts'
import { readImageRange } from '../xen/identity.ts'
import { dmaReachesXen, type IommuMode } from '../xen/iommu-mode.ts'

/** Why the hypervisor's memory cannot be reached by DMA. In every case it was not touched. */
export type DmaRefusal =
  | { readonly kind: 'iommu'; readonly mode: IommuMode }
  | { readonly kind: 'image-range-unknown' }
  | {
      readonly kind: 'no-engine'
      readonly wanted: string
      readonly candidates: readonly EngineCandidate[]
    }
  | { readonly kind: 'engine-not-started'; readonly engine: string; readonly reason: string }
  | {
      readonly kind: 'engine-failed-test'
      readonly engine: string
      readonly failure: EngineFailure
    }

export function describeDmaRefusal(refusal: DmaRefusal): string {
  switch (refusal.kind) {
    case 'iommu':
      return (
        `Cannot reach Xen by DMA: the IOMMU mode of Dom0 is ${refusal.mode.kind} ` +
        `(${refusal.mode.evidence}), wanted disabled or passthrough; nothing was written`
      )
    case 'image-range-unknown':
      return (
        'Cannot find Xen in machine memory: it does not answer kexec_get_range ' +
        '(built without CONFIG_KEXEC); nothing was written'
      )
    case 'no-engine':
      return describeMissingEngine(refusal.wanted, refusal.candidates)
    case 'engine-not-started':
      return `Cannot use ${refusal.engine} for DMA: ${refusal.reason}; nothing was written`
    case 'engine-failed-test':
      return (
        `${refusal.engine} failed its self-test and was not pointed at the hypervisor: ` +
        describeEngineFailure(refusal.failure)
      )
  }
}

function describeMissingEngine(wanted: string, candidates: readonly EngineCandidate[]): string {
  const found = candidates.map(
    ({ kind, address, why }) => `${kind} ${address}${why === undefined ? '' : ` (${why})`}`,
  )
  return (
    `No DMA engine: wanted ${wanted}, found ${found.length > 0 ? found.join(', ') : 'none'}; ` +
    'nothing was written'
  )
}

/** An open way to the hypervisor's memory. */
export interface DmaSession {
  readonly memory: MeteredMemory
  readonly location: ImageLocation
  readonly engine: string
  /** From taking the device to having proven it on its own frames. */
  readonly readySeconds: number
}

export interface DmaSessionOptions {
  readonly hypervisor: Hypervisor
  readonly image: Image
  readonly iommu: IommuMode
  readonly folders: { readonly run: string; readonly state: string }
  /** The kind wanted; undefined takes the first that is usable. */
  readonly engine: EngineKind | undefined
}

export type DmaOutcome<T> =
  | { readonly kind: 'done'; readonly result: T }
  | { readonly kind: 'refused'; readonly refusal: DmaRefusal }

/**
 * Opens a way to the hypervisor's memory, lets `work` use it, and closes it, whatever happens.
 *
 * The caller holds the host's lock. What a killed predecessor left taken is given back first.
 */
export async function withDma<T>(
  options: DmaSessionOptions,
  work: (session: DmaSession) => Promise<T>,
): Promise<DmaOutcome<T>> {
  const { hypervisor, image, iommu, folders } = options
  if (!dmaReachesXen(iommu)) return refused({ kind: 'iommu', mode: iommu })
  const machine = readImageRange(hypervisor)
  if (machine === undefined) return refused({ kind: 'image-range-unknown' })
  await recoverDevices(hypervisor, folders)

  const candidates = listEngines()
  const wanted = options.engine
  const chosen = candidates.find(
    ({ kind, usable }) => usable && (wanted === undefined || wanted.startsWith(kind)),
  )
  if (chosen === undefined) {
    return refused({ kind: 'no-engine', wanted: wanted ?? 'any', candidates })
  }
  const kind = wanted ?? chosen.kind
  const begun = performance.now()
  let engine: DmaEngine
  try {
    engine = await openEngine(hypervisor, { kind, address: chosen.address, folders })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return refused({ kind: 'engine-not-started', engine: `${kind} ${chosen.address}`, reason })
  }
  try {
    const proof = await proveEngine(engine)
    if (proof.kind === 'failed') {
      const { failure } = proof
      return refused({ kind: 'engine-failed-test', engine: engine.name, failure })
    }
    const readySeconds = (performance.now() - begun) / 1000
    const guarded = new GuardedMemory(proof.engine, [machine])
    const memory = new MeteredMemory(guarded, () => performance.now())
    const location = { virtualStart: image.start, machine }
    try {
      return {
        kind: 'done',
        result: await work({ memory, location, engine: engine.name, readySeconds }),
      }
    } finally {
      await guarded.close()
    }
  } finally {
    await engine.release()
  }
}

function refused(refusal: DmaRefusal): { readonly kind: 'refused'; readonly refusal: DmaRefusal } {
  return { kind: 'refused', refusal }
}
