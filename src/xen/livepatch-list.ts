import { HypercallFailed } from './identity.ts'
import { decodeListReply, encodeList } from './livepatch-abi.ts'
import type { Sysctl } from './sysctl.ts'
import { XEN_ERRNO } from './xen-errno.ts'

/**
 * How many livepatches Xen has loaded, or undefined when it takes none (built without
 * CONFIG_LIVEPATCH).
 */
export function loadedLivepatches(sysctl: Sysctl): number | undefined {
  const version = sysctl.interfaceVersion
  const { result, args } = sysctl.livepatch((view) => encodeList(view, version))
  if (result === -XEN_ERRNO.ENOSYS || result === -XEN_ERRNO.EOPNOTSUPP) return undefined
  if (result < 0) throw new HypercallFailed('sysctl(livepatch_op)', result)
  return decodeListReply(args, version).remaining
}
