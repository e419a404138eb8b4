/**
 * Two readings of the same memory, compared: what changed, and was it planned?
 *
 * @module
 */
import { advance, type MachineAddress } from '../src/address/address.ts'
import { type AddressRange, rangeEnd } from '../src/address/address-range.ts'

type MachineRange = AddressRange<MachineAddress>

/** How much of a memory changed, in bytes. */
export interface ChangeCount {
  /** In the planned ranges, whether it changed or not. */
  readonly planned: number
  /** That differ, wherever they lie. */
  readonly changed: number
  /** That differ although they lie in no planned range. */
  readonly foreign: number
}

/** What became of a memory between two readings. */
export interface MemoryChange extends ChangeCount {
  /** Each run of bytes that differ, with none in between that does not, upwards. */
  readonly runs: readonly MachineRange[]
  /** The parts of those runs that were not planned. */
  readonly foreignRuns: readonly MachineRange[]
}

/**
 * Compares two readings that begin at `start`.
 *
 * Planned ranges may overlap, and may reach beyond the readings: each byte counts once, and only
 * bytes that were read count.
 *
 * @throws RangeError when the readings differ in length
 */
export function compareMemory(
  start: MachineAddress,
  before: Uint8Array,
  after: Uint8Array,
  planned: readonly MachineRange[],
): MemoryChange {
  if (before.length !== after.length) {
    throw new RangeError(`Cannot compare ${before.length} bytes with ${after.length} bytes`)
  }
  const isPlanned = markPlanned(start, before.length, planned)
  const differs = (index: number): boolean => before[index] !== after[index]
  const runs = runsOf(start, before.length, differs)
  const foreignRuns = runsOf(start, before.length, (i) => differs(i) && isPlanned[i] === 0)
  return {
    planned: isPlanned.reduce((sum, mark) => sum + mark, 0),
    changed: totalBytes(runs),
    foreign: totalBytes(foreignRuns),
    runs,
    foreignRuns,
  }
}

/** One mark for each byte that was read: 1 where a planned range covers it. */
function markPlanned(
  start: MachineAddress,
  byteLength: number,
  planned: readonly MachineRange[],
): Uint8Array {
  const marks = new Uint8Array(byteLength)
  const clamp = (address: MachineAddress): number => {
    const offset = (address as bigint) - start
    return offset < 0n ? 0 : offset > BigInt(byteLength) ? byteLength : Number(offset)
  }
  for (const range of planned) marks.fill(1, clamp(range.start), clamp(rangeEnd(range)))
  return marks
}

function runsOf(
  start: MachineAddress,
  byteLength: number,
  belongs: (index: number) => boolean,
): readonly MachineRange[] {
  const runs: MachineRange[] = []
  let first: number | undefined
  for (let index = 0; index <= byteLength; index += 1) {
    const inside = index < byteLength && belongs(index)
    if (inside) first ??= index
    else if (first !== undefined) {
      runs.push({ start: advance(start, first), byteLength: index - first })
      first = undefined
    }
  }
  return runs
}

function totalBytes(ranges: readonly MachineRange[]): number {
  return ranges.reduce((sum, { byteLength }) => sum + byteLength, 0)
}
