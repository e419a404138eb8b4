import type { ObjectPair } from '../../src/build/patched-build.ts'

/** A pair of objects without their bytes, which lie in files. */
export type ListedPair = Omit<ObjectPair, 'before' | 'after'>

/** What it took to make a payload of compiled objects. */
export interface DiffCost {
  /** Since the process began: Node itself, the modules, reading the files. */
  readonly startMs: number
  readonly imageMs: number
  /** Objects and their debug information read, compared, joined. */
  readonly diffMs: number
  /** The payload written, read back, checked against the base. */
  readonly emitMs: number
  /** Of all processors, since the process began. */
  readonly cpuMs: number
  /** The most memory that the process held at any time, all of it. */
  readonly peakBytes: number
  readonly replaced: number
  readonly payloadBytes: number
}
