import { overlaps } from '../address/address-range.ts'
import { bootRewrites } from '../payload/boot-rewrites.ts'
import type { Image } from '../image/image.ts'
import type { PreparedPayload } from './livepatch-prepare.ts'
import type { LivepatchRefusal } from './livepatch-refusal.ts'

/**
 * Whether a payload's expectations will hold once every payload is reverted: the bytes are then
 * those of the build, as boot left them.
 *
 * A replace is checked like this beforehand. Xen itself looks after it has reverted everything, and
 * leaves a host without any of its livepatches when the answer is no (`livepatch_do_action`,
 * xen/common/livepatch.c).
 */
export function judgeExpectations(
  prepared: PreparedPayload,
  image: Image,
): LivepatchRefusal | undefined {
  const rewrites = bootRewrites(image)
  for (const [index, { name, expected }] of prepared.order.payload.functions.entries()) {
    const at = prepared.functions[index]?.address
    if (at === undefined || expected === undefined) continue
    const range = { start: at, byteLength: expected.length }
    const linked = image.bytesAt(range)
    if (linked === undefined || !linked.every((byte, offset) => byte === expected[offset])) {
      return { kind: 'expectation-differs', name, at, found: linked, wanted: expected }
    }
    if (rewrites.some((rewrite) => overlaps(rewrite, range))) {
      return { kind: 'expectation-uncertain', name, at }
    }
  }
  return undefined
}
