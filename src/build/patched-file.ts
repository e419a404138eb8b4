/** Lines that a patch put in the place of others; both counts may be 0, but not both at once. */
export interface LineChange {
  /** The first line replaced, from 1; with none replaced, the line before which others went. */
  readonly oldLine: number
  readonly oldCount: number
  readonly newLine: number
  readonly newCount: number
}

/** A hunk of the patch, and where in the file it was found. */
export interface PlacedHunk {
  /** From 1, within the file. */
  readonly number: number
  /** The line at which the patch wanted it. */
  readonly wantedLine: number
  /** The line at which it fits, in the file before the patch. */
  readonly foundLine: number
}

/** What a patch makes of one file. */
export interface PatchedFile {
  /** From the top of the source: `xen/common/dm.c`. */
  readonly path: string
  /** Latin-1, so that every byte stays what it is. Undefined for a file that the patch creates. */
  readonly before: string | undefined
  /** Undefined for a file that the patch takes away. */
  readonly after: string | undefined
  readonly hunks: readonly PlacedHunk[]
  /** What changed, line by line, from the top. */
  readonly changes: readonly LineChange[]
}

/** A patch that applies, with fuzz 0, to one source. */
export interface AppliedPatch {
  /** Those that can matter to this hypervisor: common code, x86, headers. */
  readonly files: readonly PatchedFile[]
  /** Paths that it changes without effect here: documents, other architectures. */
  readonly ignored: readonly string[]
}
