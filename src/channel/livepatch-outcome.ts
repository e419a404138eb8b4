import type { LivepatchStatus } from '../xen/livepatch-abi.ts'
import { describeLivepatchRefusal, type LivepatchRefusal } from './livepatch-refusal.ts'

/** How a livepatch action ended. */
export type LivepatchOutcome =
  | {
      readonly kind: 'done'
      /** As Xen lists the payload. */
      readonly name: string
      /** How often Xen was asked until its CPUs came together. */
      readonly attempts: number
      /** Payloads of Reweave that are in use no more, and that Xen would not unload. Harmless. */
      readonly leftLoaded: readonly string[]
    }
  /** It was so already: applied, or not loaded. Nothing was changed. */
  | { readonly kind: 'already'; readonly name: string }
  | { readonly kind: 'refused'; readonly refusal: LivepatchRefusal }
  /** What is applied changed otherwise than was wanted, or is not known. */
  | { readonly kind: 'incomplete'; readonly left: LivepatchLeft }

export type LivepatchLeft =
  /** Xen has the request, and had not ended it when patience did. It may still. */
  | { readonly kind: 'unsettled'; readonly name: string; readonly status: LivepatchStatus }
  /** A replace reverted payloads and then failed. Those in `restored` were applied again. */
  | {
      readonly kind: 'replace-failed'
      readonly name: string
      readonly refusal: LivepatchRefusal
      readonly restored: readonly string[]
      readonly lost: readonly string[]
    }

/** One sentence for people, of what is left. */
export function describeLivepatchLeft(left: LivepatchLeft): string {
  if (left.kind === 'unsettled') {
    return (
      `Xen has not ended the action on ${left.name}: it is ${left.status.state ?? 'in a state of its own'} ` +
      'and may change yet; look again, and repeat the command'
    )
  }
  const why = describeLivepatchRefusal(left.refusal).replace(/; nothing was changed$/, '')
  const restored = left.restored.length === 0 ? 'none' : left.restored.join(', ')
  return (
    `The replace by ${left.name} reverted payloads and failed: ${why}. Applied again: ${restored}. ` +
    `Not applied any more: ${left.lost.length === 0 ? 'none' : left.lost.join(', ')}`
  )
}
