/**
 * What only a look at the whole hypervisor tells of a payload, found once where it is built.
 *
 * A host is no place for that look: it decodes 1.5 MB of code. The study is carried in the hotfix,
 * and is trusted as the code in it is; see docs/design/0006-where-spliced-code-lives.md. Places are
 * distances from the image's first byte, so that a study can be read without the image.
 *
 * @module
 */

import type { ImageReferenceForm } from '../image/image-references.ts'

/** Whose CPUs the code is for that may be overwritten. */
export type UnusedVendor = 'amd' | 'intel'

/** Offsets from a range's beginning, by rising offset. */
export interface ArrivalOffsets {
  /** What a branch or a table is certain to name. */
  readonly certain: readonly number[]
  /** What may be named, or only look so. */
  readonly possible: readonly number[]
}

/** How much of a function's beginning is studied, and can carry a switch: at most so many bytes. */
export const STUDIED_BYTES = 64

/** What leads to a function, so that it has to be switched. */
export interface StudiedReference {
  readonly from: number
  readonly to: number
  readonly form: ImageReferenceForm
}

/** A function of the image. */
export interface StudiedPlace {
  readonly name: string
  readonly at: number
}

/** A replaced function. */
export interface StudiedFunction extends StudiedPlace {
  /** Undefined where nothing but other replaced functions calls it, and only directly. */
  readonly reachedBy: StudiedReference | undefined
  /** Where execution may arrive in its first bytes, by the distance from the first of them. */
  readonly arrivals: ArrivalOffsets
}

export interface SpliceStudy {
  /** In the order of the payload. */
  readonly functions: readonly StudiedFunction[]
  /** The functions that cannot run where a vendor's start function was not called. */
  readonly unrunnable: Readonly<Record<UnusedVendor, readonly StudiedPlace[]>>
}
