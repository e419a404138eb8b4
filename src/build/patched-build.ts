/** One object before and after the patch. */
export interface ObjectPair {
  /** `common/dm.o`, as in `BuiltObject`. */
  readonly name: string
  /** `common/dm.c` */
  readonly source: string | undefined
  readonly isAssembler: boolean
  /** Whether the patch edits code or data of boot in what it is compiled from. */
  readonly editsInit: boolean
  /** Undefined where the patch brings the object in. */
  readonly before: Uint8Array | undefined
  /** Undefined where the patch takes the object out. */
  readonly after: Uint8Array | undefined
}

/** What the compiler says against one line. */
export interface CompileError {
  /** From `xen/`. */
  readonly file: string
  /** In the patched file. */
  readonly line: number
  readonly message: string
}

export type PatchedBuild =
  | {
      readonly kind: 'compiled'
      /** All objects that were compiled again, in the order in which they are linked. */
      readonly pairs: readonly ObjectPair[]
      /**
       * `commands`: the saved commands of the objects that read a touched file. `make`: Xen's own
       * make, since what is touched also makes other files.
       */
      readonly way: 'commands' | 'make'
    }
  | {
      readonly kind: 'does-not-compile'
      /** The first errors; empty where something other than the compiler failed. */
      readonly errors: readonly CompileError[]
      readonly lastWords: readonly string[]
    }
