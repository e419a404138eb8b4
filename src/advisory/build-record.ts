import type { BuildId } from '../image/build-id.ts'

/**
 * What is known of one build of Xen: an entry of the catalogue `builds.json`.
 *
 * It leads from the build-id, which a host reports, to the point in Xen's history that the build
 * was made from, which says what fixes are in it.
 */
export interface BuildRecord {
  readonly buildId: BuildId
  /** As `sourceVersion` of a host: `4.17.5+72`. */
  readonly sourceVersion: string
  /** The package that ships it, if one does. */
  readonly package:
    | { readonly distribution: string; readonly name: string; readonly version: string }
    | undefined
  /** Fixes that the vendor put in beyond `sourceVersion`. */
  readonly extraFixes: readonly number[]
  /** How this is known: the package's changelog, a commit id. */
  readonly source: string
}
