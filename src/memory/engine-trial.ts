import { FRAME_BYTES } from '../address/address.ts'
import type { EngineLimits } from './dma-engine.ts'
import { patternNames, type PatternName } from './test-pattern.ts'

/**
 * One write and one read by which an engine is tried on its own frames.
 *
 * With `echo: 'inverted'` the processor inverts every byte between the write and the read, so that
 * an engine that answers from a buffer of its own is found out. With `echo: 'as-written'` the read
 * brings back the write and the bytes around it.
 */
export interface EngineTrial {
  readonly why: string
  readonly pattern: PatternName
  /** Which of the own frames, counted from 0. */
  readonly frame: number
  readonly offset: number
  readonly byteLength: number
  readonly read: { readonly offset: number; readonly byteLength: number }
  readonly echo: 'inverted' | 'as-written'
}

/**
 * The most bytes that can be tried in one transfer: no more than a frame, and whole sectors where
 * the engine writes whole sectors.
 */
export function longestTrialBytes(limits: EngineLimits): number {
  const withinFrame = Math.min(limits.maxTransferBytes, FRAME_BYTES)
  return withinFrame - (withinFrame % limits.writeGranuleBytes)
}

/**
 * The trials for an engine of these limits, shortest first, so that a broken engine is found while
 * it moves few bytes.
 *
 * At most 28 transfers for any limits: `edu` needs a fifth of a second for each.
 */
export function engineTrials(limits: EngineLimits): readonly EngineTrial[] {
  return [...lengthTrials(limits), ...patternTrials(limits)]
}

interface Length {
  readonly byteLength: number
  readonly offset: number
  readonly why: string
}

function lengthTrials(limits: EngineLimits): EngineTrial[] {
  const max = longestTrialBytes(limits)
  const granule = limits.writeGranuleBytes
  const beforeMiddle = (FRAME_BYTES - max) / 2
  const atMiddle = beforeMiddle - (beforeMiddle % Math.max(granule, 8))
  const lengths: readonly Length[] = [
    { byteLength: 1, offset: 1, why: 'the least that can be written, at an odd address' },
    { byteLength: 2, offset: 7, why: 'across the border of two aligned 8-byte units' },
    { byteLength: 7, offset: 505, why: 'ends with a sector, one byte short of a unit' },
    { byteLength: 8, offset: 1032, why: 'one aligned 8-byte unit, as a switch is' },
    { byteLength: 9, offset: 509, why: 'across the border of two sectors' },
    { byteLength: granule - 1, offset: 1, why: 'one byte less than the granule' },
    { byteLength: granule, offset: granule, why: 'exactly the granule' },
    { byteLength: granule + 1, offset: granule - 1, why: 'one byte more than the granule' },
    { byteLength: max - 1, offset: atMiddle + 1, why: 'one byte below the limit, odd address' },
    { byteLength: max, offset: atMiddle, why: 'the limit itself' },
  ]
  const seen = new Set<number>()
  const trials: EngineTrial[] = []
  for (const { byteLength, offset, why } of lengths) {
    if (byteLength < 1 || byteLength > max || seen.has(byteLength)) continue
    seen.add(byteLength)
    const place = within(limits, offset, byteLength)
    trials.push({
      why,
      // From the first length on, each pattern meets short and long transfers.
      pattern: patternNames[trials.length % patternNames.length] ?? 'address-in-word',
      frame: trials.length % 2,
      offset: place,
      byteLength,
      read: { offset: place, byteLength },
      echo: 'inverted',
    })
  }
  return trials
}

function patternTrials(limits: EngineLimits): EngineTrial[] {
  const max = longestTrialBytes(limits)
  const byteLength = Math.min(37, max)
  const window = Math.min(256, max)
  return patternNames.map((pattern, index) => {
    const offset = within(limits, 2051, byteLength)
    const before = Math.floor((window - byteLength) / 2)
    return {
      why: 'every bit of a word both ways, read back with what lies beside it',
      pattern,
      frame: (index + 1) % 2,
      offset,
      byteLength,
      read: { offset: Math.max(0, offset - before), byteLength: window },
      echo: 'as-written' as const,
    }
  })
}

/** The offset, or one near it at which the write takes no more sectors than the limit allows. */
function within(limits: EngineLimits, offset: number, byteLength: number): number {
  const granule = limits.writeGranuleBytes
  const first = offset - (offset % granule)
  const sectors = Math.ceil((offset + byteLength) / granule) * granule - first
  const fits = sectors <= longestTrialBytes(limits) && offset + byteLength <= FRAME_BYTES
  if (fits) return offset
  return Math.min(first, FRAME_BYTES - Math.ceil(byteLength / granule) * granule)
}
