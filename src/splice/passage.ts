/** Whether the hypervisor's processors may still run code that was switched off. */
export type PassageOutcome =
  | { readonly kind: 'left' }
  | { readonly kind: 'unknown'; readonly why: string }

/**
 * The wait after which staged code can be taken away.
 *
 * A processor that was interrupted inside staged code goes on inside it, however long after the
 * switch was put back.
 */
export interface Passage {
  /**
   * Answers `left` only when every processor has, since the call, been at a place that is outside
   * of all spliced code and has nothing of it on its stack. When that cannot be told: `unknown`.
   */
  everyCpuHasLeft(): Promise<PassageOutcome>
}
