/**
 * A baseline as it lies in the cache: the compiled tree, and what it was compiled by.
 *
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'

/** Counts up when a baseline is made in another way. */
export const BASELINE_FORMAT = 1

const FILE = 'reweave-baseline.json'

const entrySchema = z.object({
  format: z.literal(BASELINE_FORMAT),
  /** Where make ran: its commands name this directory. */
  builtIn: z.string(),
  extraFlags: z.string(),
  make: z.record(z.string(), z.string()),
  environment: z.record(z.string(), z.string()),
})

export type BaselineEntry = z.infer<typeof entrySchema>

export function writeBaselineEntry(directory: string, entry: BaselineEntry): void {
  writeFileSync(path.join(directory, FILE), `${JSON.stringify(entry, null, 2)}\n`)
}

export function readBaselineEntry(directory: string): BaselineEntry {
  return entrySchema.parse(JSON.parse(readFileSync(path.join(directory, FILE), 'utf8')))
}
