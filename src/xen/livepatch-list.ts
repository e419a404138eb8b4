import type { Sysctl } from './sysctl.ts'

/**
 * How many livepatches Xen has loaded, or undefined when it takes none (built without
 * CONFIG_LIVEPATCH).
 *
 * A LIST of no entries: public/sysctl.h, `struct xen_sysctl_livepatch_op`: u32 sub-operation, u32
 * padding, then `xen_sysctl_livepatch_list`, whose third word `nr` Xen sets to the number it has.
 */
export function loadedLivepatches(sysctl: Sysctl): number | undefined {
  const LIST = 2
  const answer = sysctl.livepatch((args) => args.setUint32(0, LIST, true))
  return answer?.getUint32(16, true)
}
