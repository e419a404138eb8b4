/** One object file that is linked into the hypervisor. */
export interface BuiltObject {
  /** As it is linked, from `xen/`: `common/dm.o`, `common/unxz.init.o`. */
  readonly name: string
  /** From `xen/`: `common/dm.c`. Undefined where the build does not say. */
  readonly source: string | undefined
  readonly isAssembler: boolean
  /** All files that it was made from, its source too, from `xen/`; generated ones among them. */
  readonly dependencies: ReadonlySet<string>
}
