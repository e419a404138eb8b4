import type { SourceRecord } from './source-record.ts'
import type { SourceRefusal } from './source-refusal.ts'

/** A source of Xen with its configuration, from which nothing was built in place. */
export interface SourceTree {
  /** Absolute; holds `xen/` and `xen/.config`. Reweave writes nothing into it. */
  readonly directory: string
  /** `4.17`: what `xen/Makefile` gives as version and subversion. */
  readonly version: string
  /** What a distribution or a fetch left; undefined for a tree that somebody unpacked. */
  readonly record: SourceRecord | undefined
  /** The distribution's package version, from the record or from `debian/changelog`. */
  readonly packageVersion: string | undefined
  /** Changes with any file that the hypervisor is built from, and with its configuration. */
  readonly contentKey: string
  /** False where a file differs from what was fetched; undefined for a tree without a record. */
  readonly isAsFetched: boolean | undefined
}

export type OpenedSource =
  | { readonly kind: 'opened'; readonly source: SourceTree }
  | { readonly kind: 'refused'; readonly refusal: SourceRefusal }
