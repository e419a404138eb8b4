import type { PlannedWrite } from './plan.ts'

/** What memory shows at one planned write. `torn` holds bytes of both, byte by byte, and no others. */
export type WriteState = 'before' | 'after' | 'torn' | 'foreign'

/**
 * What memory shows of a fix.
 *
 * `not-applied`: every site holds its old bytes. `applied`: every write of the plan is in place.
 * `inconsistent`: some sites are switched and some are not, or a switched site's code is not
 * whole; all bytes are ours or the build's. `foreign`: a site holds bytes that are neither.
 */
export type FixState =
  | { readonly kind: 'not-applied'; readonly staged: boolean }
  | { readonly kind: 'applied' }
  | { readonly kind: 'inconsistent'; readonly writes: readonly WriteFinding[] }
  | { readonly kind: 'foreign'; readonly writes: readonly WriteFinding[] }

export interface WriteFinding {
  readonly write: PlannedWrite
  readonly state: WriteState
  readonly found: Uint8Array
}
