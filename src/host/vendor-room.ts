import type { CpuVendor } from '../advisory/host-facts.ts'
import { contains } from '../address/address-range.ts'
import { paddingBehindText } from '../image/free-bytes.ts'
import type { Image } from '../image/image.ts'
import type { UnusedVendor } from '../hotfix/splice-study.ts'
import { rangeOf } from '../splice/plan-shape.ts'
import type { SplicePlan } from '../splice/plan.ts'

/**
 * Whose code in Xen cannot run on this machine: SVM on CPUs that have VMX, and the other way round.
 *
 * Hygon's CPUs are AMD's, Zhaoxin's have VMX.
 */
export function unusedVendorOn(cpus: CpuVendor | undefined): UnusedVendor | undefined {
  switch (cpus) {
    case 'intel':
    case 'zhaoxin':
      return 'amd'
    case 'amd':
    case 'hygon':
      return 'intel'
    default:
      return undefined
  }
}

/** Whether the plan staged code elsewhere than in the padding: somebody had allowed it then. */
export function usesVendorRoom(plan: SplicePlan, image: Image): boolean {
  const padding = paddingBehindText(image)
  return plan.writes.some((write) => write.role === 'stage' && !contains(padding, rangeOf(write)))
}
