/**
 * Why an object does not tell its types' layouts.
 *
 * `no-debug-info`: it was compiled without `-g`. `debug-info-unreadable`: its DWARF contradicts
 * itself, or uses what Reweave does not read; `section` and `at` say where.
 */
export type DebugInfoRefusal =
  | { readonly kind: 'no-debug-info' }
  | {
      readonly kind: 'debug-info-unreadable'
      readonly section: string
      /** From the start of the section. */
      readonly at: number
      readonly found: string
      readonly wanted: string
    }

/** One sentence for people, without a full stop. */
export function describeDebugInfoRefusal(refusal: DebugInfoRefusal): string {
  if (refusal.kind === 'no-debug-info') {
    return 'Cannot compare layouts: the object has no debug information; compile it with -g'
  }
  const { section, at, found, wanted } = refusal
  return `Cannot compare layouts: ${section} has ${found} at byte ${at}, wanted ${wanted}`
}

/** Thrown while debug information is read, and caught where the reading began. */
export class DebugInfoFault extends Error {
  override readonly name = 'DebugInfoFault'
  readonly refusal: DebugInfoRefusal

  constructor(refusal: DebugInfoRefusal) {
    super(describeDebugInfoRefusal(refusal))
    this.refusal = refusal
  }
}
