import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { DEFAULT_HYPERVISOR_VERSION, fetchHypervisor } from '../../lab/hypervisor.ts'
import { cacheDirectory } from '../../lab/lab-directory.ts'
import type { Baseline } from '../../src/build/baseline.ts'
import {
  buildCacheDirectory,
  buildStateDirectory,
  defaultSourceDirectory,
} from '../../src/build/build-directory.ts'
import { applyPatch } from '../../src/build/apply-patch.ts'
import { compilePatched } from '../../src/build/compile-patched.ts'
import { describeFetchRefusal } from '../../src/build/fetch-refusal.ts'
import { fetchSource } from '../../src/build/fetch-source.ts'
import type { ObjectPair } from '../../src/build/patched-build.ts'
import { prepareBaseline } from '../../src/build/prepare-baseline.ts'
import { proveBaseline } from '../../src/build/prove-baseline.ts'
import { Apt } from '../../src/debian/apt.ts'
import { readCompileInfo } from '../../src/image/compile-info.ts'
import type { Image } from '../../src/image/image.ts'
import { readImage } from '../../src/image/read-image.ts'
import { type BenchPatch, benchPatch } from './bench-patch.ts'

/** All that the bench measures with, made or found before anything is measured. */
export interface BuildUnderTest {
  readonly sourceDirectory: string
  /** The base: the path of its `xen-syms`, and what is in it. */
  readonly syms: string
  readonly image: Image
  /** Compiled and proven; both are in the cache. */
  readonly baseline: Baseline
  readonly patch: BenchPatch
  /** The objects that the patch touches, before and after it. */
  readonly pairs: readonly (ObjectPair & {
    readonly before: Uint8Array
    readonly after: Uint8Array
  })[]
}

/** Fetches and compiles what is not there yet: the first time takes minutes. */
export async function buildUnderTest(
  checkout: string,
  progress: (line: string) => void,
): Promise<BuildUnderTest> {
  const version = DEFAULT_HYPERVISOR_VERSION
  const fetched = await fetchSource({
    name: 'xen',
    version,
    directory: defaultSourceDirectory('xen', version),
    stateDirectory: buildStateDirectory(),
    progress,
  })
  if (fetched.kind === 'refused') throw new Error(describeFetchRefusal(fetched.refusal))
  const { source } = fetched
  const lab = cacheDirectory()
  const apt = new Apt({ directory: path.join(lab, 'apt'), progress })
  const { syms } = await fetchHypervisor(version, { apt, cacheDirectory: lab, progress })
  const read = readImage(new Uint8Array(readFileSync(syms)))
  if (read.kind === 'refused') throw new Error(`The symbol file ${syms} was refused`)
  const { image } = read
  const work = { cacheDirectory: buildCacheDirectory(), progress }
  const { compiler } = readCompileInfo(image)
  const target = { version: source.version, packageVersion: version, compiler }
  const prepared = await prepareBaseline({ ...work, source, target })
  if (prepared.kind === 'refused') {
    throw new Error(`No baseline: ${JSON.stringify(prepared.refusal)}`)
  }
  const { baseline } = prepared
  proveBaseline(baseline, image, work)
  const patch = benchPatch(checkout, source.directory)
  const pairs = await compileBoth(baseline, patch, work)
  return { sourceDirectory: source.directory, syms, image, baseline, patch, pairs }
}

async function compileBoth(
  baseline: Baseline,
  { file, text }: BenchPatch,
  work: { readonly cacheDirectory: string; readonly progress: (line: string) => void },
): Promise<BuildUnderTest['pairs']> {
  const applied = applyPatch(text, (name) => {
    const whole = path.join(baseline.source.directory, name)
    return existsSync(whole) ? readFileSync(whole, 'latin1') : undefined
  })
  if (applied.kind === 'refused') throw new Error(`${file}: ${JSON.stringify(applied.refusals)}`)
  const compiled = await compilePatched({ ...work, baseline, patch: applied.applied })
  if (compiled.kind === 'does-not-compile') throw new Error(compiled.lastWords.join('\n'))
  return compiled.pairs.flatMap((pair) => {
    const { before, after } = pair
    return before === undefined || after === undefined ? [] : [{ ...pair, before, after }]
  })
}
