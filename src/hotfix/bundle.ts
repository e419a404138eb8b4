/**
 * A bundle: a hotfix in one file, with all that a host needs of it besides its own symbols.
 *
 *     manifest.json        what it is and for which build; see manifest.ts
 *     payload.livepatch    the code built from a source patch, as an ELF file
 *     splice.json          what was found of the build for the payload; see splice-study.ts
 *     fix.yaml             changes written by hand
 *     SHA256SUMS           the sum of each of them, as `sha256sum -c` reads it
 *
 * It is an archive that tar can list and unpack. See docs/formats/hotfix.md.
 *
 * @module
 */

import type { Fix } from './fix.ts'
import type { Payload } from '../payload/payload.ts'
import type { SpliceStudy } from './splice-study.ts'
import type { HotfixManifest } from './manifest.ts'

/** SHA-256 in lower-case hexadecimal. Pure code is given it. */
export type Sha256 = (bytes: Uint8Array) => string

/** The file `payload.livepatch`, and what was read from it. */
export interface BundledPayload {
  readonly bytes: Uint8Array
  readonly payload: Payload
}

/** A bundle as read: whole, and in agreement with itself. */
export interface Bundle {
  readonly manifest: HotfixManifest
  readonly payload: BundledPayload | undefined
  /** There if the payload can be spliced in. */
  readonly study: SpliceStudy | undefined
  readonly fix: Fix | undefined
  /** The whole file, and its sum. */
  readonly bytes: Uint8Array
  readonly digest: string
}
