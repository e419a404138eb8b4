import type { SymbolName } from '../diff/patch.ts'

/** As Xen's own table writes it: `do_dm_op`, `common/dm.c#get_op`. */
export function symbolText({ name, file }: SymbolName): string {
  return file === undefined ? name : `${file}#${name}`
}
