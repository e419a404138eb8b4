/**
 * How to build the fix of an advisory, branch by branch: Xen's `xsaNNN.meta`.
 */
export interface Recipe {
  /** As the file lists them: `master`, `4.17`. A branch may be listed and have no recipe. */
  readonly supportedVersions: readonly string[]
  readonly trees: readonly string[]
  readonly branches: readonly BranchRecipe[]
}

export interface BranchRecipe {
  /** `4.17`, `master`. */
  readonly branch: string
  /** The point release that files of 2017 name. */
  readonly xenVersion: string | undefined
  readonly trees: readonly TreeRecipe[]
}

/** What to apply to one tree of a branch. */
export interface TreeRecipe {
  /** `xen`; others are `qemu-xen`, `linux`. */
  readonly tree: string
  /** The commit that the patches were prepared for. */
  readonly stableRef: string | undefined
  /** Advisories whose fixes must be in first. Never the advisory itself. */
  readonly prerequisites: readonly number[]
  /** Files, or globs of files (`xsa370/*.patch`) that apply in the order of their names. */
  readonly patches: readonly string[]
}

/** Whether this branch needs nothing: the fix is in, or the hole is not there (XSA-360 on 4.10). */
export function nothingToApply(branch: BranchRecipe): boolean {
  return branch.trees.every(({ patches }) => patches.length === 0)
}
