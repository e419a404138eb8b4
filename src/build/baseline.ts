import type { BuiltObject } from './built-object.ts'
import type { SourceTree } from './source-tree.ts'

/** The unpatched hypervisor, compiled with debug information; kept and never changed. */
export interface Baseline {
  /** Names the content: source, configuration, compiler, variables. Fit to name proofs by. */
  readonly key: string
  readonly source: SourceTree
  /** Of the compiled tree: holds `xen/`. Not to be written to. */
  readonly directory: string
  /** The compiler's first line: `x86_64-linux-gnu-gcc (Debian 12.2.0-14+deb12u1) 12.2.0`. */
  readonly compiler: string
  /** In the order in which they are linked. */
  readonly objects: readonly BuiltObject[]
  /** Found in the cache; false where it was compiled now. */
  readonly cached: boolean
}
