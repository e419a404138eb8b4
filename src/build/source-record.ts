/**
 * `reweave-source.json`: what a fetched source is, and how its distribution builds it.
 *
 * @module
 */
import { z } from 'zod'

export const SOURCE_RECORD_FILE = 'reweave-source.json'

/** The number of this format. Others are refused. */
export const SOURCE_RECORD_FORMAT = 1

export const sourceRecordSchema = z.object({
  format: z.literal(SOURCE_RECORD_FORMAT),
  /** Of the source package: `xen`. */
  package: z.string(),
  /** `4.17.5+72-g01140da4e8-1` */
  version: z.string(),
  /** Where `xen/.config` is from: a binary package of the same version, or the source itself. */
  config: z.string(),
  /** Variables on make's command line, as the distribution gives them; no paths among them. */
  make: z.record(z.string(), z.string()),
  /** Variables in make's environment. */
  environment: z.record(z.string(), z.string()),
  /** `SourceTree.contentKey` when it was fetched. */
  contentKey: z.string(),
})

export type SourceRecord = z.infer<typeof sourceRecordSchema>
