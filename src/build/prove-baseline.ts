import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
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
 * The cache is named by the baseline's content and the image's. A record that cannot be read is
 * made anew; one that cannot be kept is made again next time.
 */
// By the image's content, and not by its build-id alone: that is a note in the file, and a file
// that was altered since it was linked has it still.
export function proveBaseline(
  baseline: Baseline,
  image: Image,
  options: { readonly cacheDirectory: string; readonly progress: (line: string) => void },
): BaselineProof {
  const { cacheDirectory, progress } = options
  const file = path.join(cacheDirectory, `proof-${baseline.key}-${contentKey(image)}.json`)
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
  keepProof(file, writeProofRecord(image.buildId, proofs), progress)
  return { proofs, cached: false }
}

/** 32 hexadecimal digits that change with any byte or symbol of the image. */
function contentKey(image: Image): string {
  const hash = createHash('sha256').update(image.buildId)
  for (const { name, start, byteLength, bytes } of image.sections) {
    hash.update(`\n${name} ${start} ${byteLength} ${bytes?.length}\n`)
    if (bytes !== undefined) hash.update(bytes)
  }
  for (const { name, file, address, byteLength, kind, binding } of image.symbols) {
    hash.update(`\n${[name, file ?? '', address, byteLength, kind, binding].join('\0')}`)
  }
  return hash.digest('hex').slice(0, 32)
}

function keepProof(file: string, record: string, progress: (line: string) => void): void {
  const part = `${file}.${process.pid}.part`
  try {
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(part, record)
    renameSync(part, file)
  } catch (error) {
    rmSync(part, { force: true })
    progress(`Cannot keep the proof: ${error instanceof Error ? error.message : String(error)}`)
  }
}
