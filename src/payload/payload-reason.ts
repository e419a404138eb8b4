import { describeReason, type Reason } from '../diff/reason.ts'

/**
 * Why no payload can be made from a patch: an obstacle that the diff knows too, or one that only
 * Xen's loader puts up.
 */
export type PayloadReason = Reason | LoaderReason

/** The fields `object` and `symbol` are as in `Reason`. */
export type LoaderReason = LoaderReasonFacts & {
  readonly object: string | undefined
  readonly symbol: string | undefined
}

type LoaderReasonFacts =
  /** The patch replaces no function, and Xen's loader wants one at least. */
  | { readonly kind: 'nothing-replaced' }
  /** The function has another length in the image than in the object that was proven. */
  | {
      readonly kind: 'function-length-differs'
      readonly foundBytes: number
      readonly wantedBytes: number
    }
  /** Two replacements are for one place, as aliases are. */
  | { readonly kind: 'function-replaced-twice'; readonly other: string }
  | {
      readonly kind: 'alignment-too-large'
      readonly section: string
      readonly found: number
      readonly wantedAtMost: number
    }
  | {
      readonly kind: 'payload-too-large'
      readonly foundBytes: number
      readonly wantedAtMostBytes: number
    }

/** One sentence: what was found, why Xen would not take it, and what to do. */
export function describePayloadReason(reason: PayloadReason): string {
  const where = reason.object === undefined ? '' : `${reason.object}: `
  const symbol = reason.symbol ?? 'an unnamed part'
  switch (reason.kind) {
    case 'nothing-replaced':
      return 'the patch replaces no function of the running hypervisor, so there is nothing to apply'
    case 'function-length-differs':
      return (
        `${where}${symbol} has ${reason.foundBytes} bytes in the image and ${reason.wantedBytes} ` +
        'in the object; build the object from the source of that image'
      )
    case 'function-replaced-twice':
      return (
        `${where}${symbol} and ${reason.other} are one function in the image, and its entry can ` +
        'lead to one place only; change a caller instead'
      )
    case 'alignment-too-large':
      return (
        `${where}${reason.section} is to be aligned to ${reason.found} bytes, and Xen's loader ` +
        `keeps at most ${reason.wantedAtMost}; align it less`
      )
    case 'payload-too-large':
      return (
        `the payload takes ${reason.foundBytes} bytes, and Xen takes at most ` +
        `${reason.wantedAtMostBytes}; divide the patch`
      )
    default:
      return describeReason(reason)
  }
}
