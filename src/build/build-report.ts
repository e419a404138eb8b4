/**
 * What `reweave build` says it did: for programs as it is (docs/formats/build-report.md), for people
 * through `renderBuildReport`.
 *
 * @module
 */
import type { BuildId } from '../image/build-id.ts'

/**
 * How a build ended.
 *
 * `does-not-apply`: the patch is not for this source. `baseline-differs`: what was compiled from
 * the source is not what runs. `refused`: the patch cannot be brought into a running hypervisor.
 */
export type BuildVerdict = 'built' | 'refused' | 'baseline-differs' | 'does-not-apply'

/** Something that speaks against the patch. A build lists all that it knows of. */
export interface BuildReason {
  readonly kind: string
  readonly object: string | undefined
  readonly symbol: string | undefined
  /** For people: what was found, why it matters, what to do. */
  readonly sentence: string
}

/** A function as the patch leaves it. */
export interface BuiltFunction {
  readonly name: string
  /** The source file: `common/dm.c`. */
  readonly file: string | undefined
  readonly object: string
  /** Undefined for a new function. */
  readonly oldBytes: number | undefined
  readonly newBytes: number
}

/** One of the forms in which a hotfix can reach a hypervisor. */
export interface BuiltForm {
  readonly form: 'livepatch' | 'splice'
  readonly possible: boolean
  /** What it is for, or what it takes: `Xen 4.14 to 4.21`. */
  readonly about: string
  readonly bytes: number
  readonly reasons: readonly BuildReason[]
}

/** A function that was rebuilt and is not byte for byte the base's. */
export interface BaselineDifference {
  readonly object: string
  readonly symbol: string
  readonly kind: 'different' | 'explained' | 'not-in-image'
  /** It is known why, and the base is of the same source all the same. */
  readonly harmless: boolean
  readonly sentence: string
}

/** How the rebuilt functions compare with those of the base. */
export interface BaselineSummary {
  readonly functions: number
  readonly identical: number
  /** Different in a way that is known to be harmless; each is in `differences`. */
  readonly explained: number
  readonly different: number
  readonly notInImage: number
  /** Of each function that is not identical; those that differ first. */
  readonly differences: readonly BaselineDifference[]
  /** The proof was taken from the cache. */
  readonly cached: boolean
}

export interface BuildReport {
  readonly verdict: BuildVerdict
  readonly name: string
  readonly base: { readonly buildId: BuildId; readonly version: string | undefined }
  /** Undefined for a fix that was written by hand. */
  readonly patch: { readonly file: string; readonly sha256: string } | undefined
  readonly reasons: readonly BuildReason[]
  /** Things that hold nothing up, and that whoever applies the hotfix should know. */
  readonly notes: readonly string[]
  readonly functions: {
    readonly changed: readonly BuiltFunction[]
    readonly added: readonly BuiltFunction[]
  }
  readonly objects: {
    /** Compiled again. */
    readonly compiled: readonly string[]
    /** Those of them that came out different. */
    readonly changed: readonly string[]
  }
  /** Undefined where the build ended before the proof. */
  readonly baseline: BaselineSummary | undefined
  readonly forms: readonly BuiltForm[]
  /** The bundle. Undefined unless it was built. */
  readonly hotfix:
    | { readonly file: string; readonly bytes: number; readonly sha256: string }
    | undefined
  readonly seconds: number
  /** Where they went: `baseline`, `patch`, `compile`, `diff`, `emit`. */
  readonly stages: Readonly<Record<string, number>>
}
