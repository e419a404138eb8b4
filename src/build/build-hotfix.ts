import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { isProven } from '../baseline/is-proven.ts'
import { summariseProofs } from '../baseline/summarise-proofs.ts'
import type { Patch } from '../diff/patch.ts'
import { describeReason } from '../diff/reason.ts'
import type { Bundle, Sha256 } from '../hotfix/bundle.ts'
import { VERSION } from '../hotfix/text-shapes.ts'
import { readCompileInfo } from '../image/compile-info.ts'
import type { Image } from '../image/image.ts'
import { applyPatch } from './apply-patch.ts'
import type { Baseline } from './baseline.ts'
import { type BuiltForms, buildForms } from './build-forms.ts'
import type { BaselineSummary, BuildReason, BuildReport, BuildVerdict } from './build-report.ts'
import type { BuildTarget } from './build-target.ts'
import {
  baselineRefused,
  doesNotCompile,
  notInThisBuild,
  notProven,
  patchRefused,
  Refused,
  refusePatch,
} from './build-refused.ts'
import { functionsOf, objectOf } from './built-functions.ts'
import { bundleBuild, type HotfixOrder } from './bundle-build.ts'
import { compilePatched } from './compile-patched.ts'
import { diffBuild } from './diff-build.ts'
import type { ObjectPair } from './patched-build.ts'
import type { AppliedPatch } from './patched-file.ts'
import { prepareBaseline, refuseSource } from './prepare-baseline.ts'
import { type BaselineProof, proveBaseline } from './prove-baseline.ts'
import type { SourceTree } from './source-tree.ts'
import { unaccountedReasons, unprovenAround } from './unlike-base.ts'

/** What is to be built from what. */
export interface BuildOrder extends HotfixOrder {
  readonly source: SourceTree
  /** The patch's file name, for the report, and its text in Latin-1. */
  readonly patch: { readonly file: string; readonly text: string }
  readonly image: Image
  /** The distribution's package of the base, where it is known. */
  readonly baseVersion: string | undefined
  readonly cacheDirectory: string
  readonly sha256: Sha256
  readonly progress: (line: string) => void
}

/** A build's report, and the bundle if it came to one. */
export interface BuildOutcome {
  /** Its `hotfix` is undefined: whoever writes the bundle's file fills that in. */
  readonly report: BuildReport
  readonly bundle: Bundle | undefined
}

/**
 * Builds a hotfix from a source patch: apply, compile before and after, prove, compare, emit.
 *
 * Nothing is guessed: what is not proven, not understood or not loadable ends in a reason, and all
 * reasons are listed. Equal orders give equal bundles.
 */
export async function buildHotfix(order: BuildOrder): Promise<BuildOutcome> {
  return await new Build(order).run()
}

class Build {
  readonly #order: BuildOrder
  readonly #begun = performance.now()
  readonly #stages: Record<string, number> = {}
  readonly #notes: string[] = []
  #baseline: BaselineSummary | undefined
  #objects: BuildReport['objects'] = { compiled: [], changed: [] }
  #functions: BuildReport['functions'] = { changed: [], added: [] }
  #forms: BuiltForms | undefined

  constructor(order: BuildOrder) {
    this.#order = order
  }

  async run(): Promise<BuildOutcome> {
    try {
      const applied = await this.#stage('patch', () => this.#apply())
      const baseline = await this.#stage('baseline', async () => await this.#prepare())
      const proof = await this.#stage('proof', () => this.#prove(baseline))
      const pairs = await this.#stage('compile', async () =>
        this.#compile(baseline, applied, proof),
      )
      const patch = await this.#stage('diff', () => this.#diff(pairs, proof))
      const forms = await this.#stage('emit', () => this.#emit(patch))
      return { report: this.#report('built', []), bundle: this.#bundle(baseline, patch, forms) }
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      return { report: this.#report(error.verdict, error.reasons), bundle: undefined }
    }
  }

  #apply(): AppliedPatch {
    const { source, image, baseVersion, patch } = this.#order
    // Said first: a patch for the right version would not apply to another one either.
    const other = refuseSource(source, buildTarget(image, baseVersion))
    if (other !== undefined) throw baselineRefused(other)
    const applied = applyPatch(patch.text, (file) => readSourceFile(source, file))
    if (applied.kind === 'refused') throw patchRefused(applied.refusals)
    const { ignored, files } = applied.applied
    if (ignored.length > 0) this.#notes.push(`without effect on x86: ${ignored.join(', ')}`)
    for (const { path: file, hunks } of files) {
      for (const { number, wantedLine, foundLine } of hunks) {
        const offset = foundLine - wantedLine
        if (offset !== 0) this.#notes.push(`hunk ${number} of ${file} applies ${offset} lines off`)
      }
    }
    return applied.applied
  }

  async #prepare(): Promise<Baseline> {
    const { source, image, baseVersion, cacheDirectory, progress } = this.#order
    const target = buildTarget(image, baseVersion)
    const prepared = await prepareBaseline({ source, target, cacheDirectory, progress })
    if (prepared.kind === 'refused') throw baselineRefused(prepared.refusal)
    return prepared.baseline
  }

  #prove(baseline: Baseline): BaselineProof {
    const proof = proveBaseline(baseline, this.#order.image, this.#order)
    const { exceptions, ...counts } = summariseProofs(proof.proofs)
    const differences = exceptions.map(({ object, symbol, kind, harmless, sentence }) => ({
      object,
      symbol: symbol.name,
      kind,
      harmless,
      sentence,
    }))
    this.#baseline = { ...counts, differences, cached: proof.cached }
    const unaccounted = unaccountedReasons(proof, this.#order.image)
    if (unaccounted.length > 0) throw new Refused('baseline-differs', unaccounted)
    return proof
  }

  async #compile(
    baseline: Baseline,
    patch: AppliedPatch,
    proof: BaselineProof,
  ): Promise<readonly ObjectPair[]> {
    const { cacheDirectory, progress } = this.#order
    const pairs = await compiledPairs({ baseline, patch, cacheDirectory, progress })
    this.#objects = { compiled: pairs.map(({ name }) => name), changed: [] }
    if (pairs.length > 0) return pairs
    // What is not in this build may be in the base, where that is of something else.
    const unproven = unprovenAround(proof, undefined, [])
    if (unproven.length > 0) throw new Refused('baseline-differs', unproven)
    throw notInThisBuild(patch.files.map(({ path: file }) => file))
  }

  #diff(pairs: readonly ObjectPair[], proof: BaselineProof): Patch {
    const { patch, reasons, changed, notes } = diffBuild(pairs, this.#order.image)
    this.#objects = { ...this.#objects, changed }
    this.#functions = functionsOf(patch)
    this.#notes.push(...notes)
    const unproven = patch.replacements.flatMap(({ symbol, piece }) =>
      isProven(proof.proofs, symbol) ? [] : [notProven(symbol, objectOf(patch, piece), proof)],
    )
    const around = unprovenAround(
      proof,
      pairs.map(({ name }) => name),
      unproven.map(({ symbol }) => symbol),
    )
    const all = [...reasons, ...unproven].map((reason) => ({
      kind: reason.kind,
      object: reason.object,
      symbol: reason.symbol,
      sentence: describeReason(reason),
    }))
    if (all.length + around.length === 0) {
      refusePatch(patch, { compiled: pairs.length, changed })
      return patch
    }
    throw new Refused(reasons.length === 0 ? 'baseline-differs' : 'refused', [...all, ...around])
  }

  #emit(patch: Patch): BuiltForms {
    const outcome = buildForms(patch, this.#order)
    if (outcome.kind === 'refused') throw new Refused('refused', outcome.reasons)
    this.#forms = outcome.forms
    return outcome.forms
  }

  #bundle(baseline: Baseline, patch: Patch, forms: BuiltForms): Bundle {
    const { image, source, baseVersion, sha256 } = this.#order
    const parts = {
      image,
      baseVersion: [baseVersion, source.packageVersion].find(isVersion) ?? source.version,
      patchFile: this.#order.patch.file,
      patchSha256: this.#patchSha256(),
      compiler: baseline.compiler,
      patch,
      forms,
    }
    return bundleBuild(this.#order, parts, sha256)
  }

  #patchSha256(): string {
    return this.#order.sha256(Buffer.from(this.#order.patch.text, 'latin1'))
  }

  #report(verdict: BuildVerdict, reasons: readonly BuildReason[]): BuildReport {
    const { name, image, baseVersion, patch } = this.#order
    return {
      verdict,
      name,
      base: { buildId: image.buildId, version: baseVersion },
      patch: { file: patch.file, sha256: this.#patchSha256() },
      reasons,
      notes: this.#notes,
      functions: this.#functions,
      objects: this.#objects,
      baseline: this.#baseline,
      forms: this.#forms?.said ?? [],
      hotfix: undefined,
      seconds: (performance.now() - this.#begun) / 1000,
      stages: this.#stages,
    }
  }

  async #stage<T>(name: string, work: () => T | Promise<T>): Promise<T> {
    const begun = performance.now()
    try {
      return await work()
    } finally {
      this.#stages[name] = (performance.now() - begun) / 1000
    }
  }
}

/** What the base says of its own making. */
function buildTarget(image: Image, packageVersion: string | undefined): BuildTarget {
  const { majorVersion, minorVersion, compiler } = readCompileInfo(image)
  const version =
    majorVersion === undefined || minorVersion === undefined
      ? undefined
      : `${majorVersion}.${minorVersion}`
  return { version, packageVersion, compiler }
}

/** Latin-1, so that every byte stays what it is; undefined where the source has no such file. */
function readSourceFile(source: SourceTree, file: string): string | undefined {
  const whole = path.join(source.directory, file)
  try {
    return statSync(whole).isFile() ? readFileSync(whole, 'latin1') : undefined
  } catch {
    // Not there, or under a name that no file can have. What is there and cannot be read has been
    // told when the source was opened.
    return undefined
  }
}

/** Whether a bundle can hold it: a changelog may say anything. */
function isVersion(version: string | undefined): version is string {
  const { pattern, longest } = VERSION
  return version !== undefined && version.length <= longest && pattern?.test(version) === true
}

/** The objects that the patch touches. @throws Refused where the patched source does not compile */
async function compiledPairs(
  options: Parameters<typeof compilePatched>[0],
): Promise<readonly ObjectPair[]> {
  const compiled = await compilePatched(options)
  if (compiled.kind === 'compiled') return compiled.pairs
  throw doesNotCompile(compiled)
}
