import type { Extent, PhysicalMemory, TransferFailure } from '../memory/physical-memory.ts'

export type ReadAll =
  | { readonly kind: 'read'; readonly found: readonly Uint8Array[] }
  | { readonly kind: 'failed'; readonly index: number; readonly outcome: TransferFailure }

/** The bytes of every extent, or the first extent that could not be read, and why. */
export async function readAll(
  memory: PhysicalMemory,
  extents: readonly Extent[],
): Promise<ReadAll> {
  const outcomes = await memory.read(extents)
  if (outcomes.length !== extents.length) {
    throw new RangeError(`${outcomes.length} outcomes for ${extents.length} extents`)
  }
  const found: Uint8Array[] = []
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome.kind !== 'complete') return { kind: 'failed', index, outcome }
    found.push(outcome.bytes)
  }
  return { kind: 'read', found }
}
