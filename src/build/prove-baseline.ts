import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { ObjectProof } from '../baseline/object-proof.ts'
import { readProofRecord, writeProofRecord } from '../baseline/proof-record.ts'
import { proveObject } from '../baseline/prove-object.ts'
import { describeElfRefusal } from '../elf/refusal.ts'
import { readElf } from '../elf/read.ts'
import type { Image } from '../image/image.ts'
import type { Baseline } from './baseline.ts'

export interface BaselineProof {
  readonly proofs: readonly ObjectProof[]
  /** Found in the cache; false where it was made now. */
  readonly cached: boolean
}

/**
 * Compares every object of the baseline with the image, or finds that done in the cache.
 *
 * The cache is named by the baseline's content and the image's build-id. A record that cannot be
 * read is made anew.
 */
export function proveBaseline(
  baseline: Baseline,
  image: Image,
  options: { readonly cacheDirectory: string; readonly progress: (line: string) => void },
): BaselineProof {
  const { cacheDirectory, progress } = options
  const file = path.join(cacheDirectory, `proof-${baseline.key}-${image.buildId}.json`)
  if (existsSync(file)) {
    const read = readProofRecord(readFileSync(file, 'utf8'), image.buildId)
    if (read.kind === 'read') return { proofs: read.proofs, cached: true }
    progress(`The kept proof cannot be used (${read.why}); proving again`)
  }
  const { objects, directory } = baseline
  const proofs = objects.map(({ name }, index) => {
    if (index % 50 === 0) progress(`Proving the baseline: object ${index} of ${objects.length}`)
    const read = readElf(readFileSync(path.join(directory, 'xen', name)))
    if (read.kind === 'refused') {
      throw new Error(`Cannot read the compiled ${name}: ${describeElfRefusal(read.refusal)}`)
    }
    return proveObject({ name, elf: read.elf }, image)
  })
  mkdirSync(cacheDirectory, { recursive: true })
  const part = `${file}.${process.pid}.part`
  writeFileSync(part, writeProofRecord(image.buildId, proofs))
  renameSync(part, file)
  return { proofs, cached: false }
}
