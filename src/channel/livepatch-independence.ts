import type { BuildId } from '../image/build-id.ts'
import { JUMP_BYTES } from '../payload/livepatch-format.ts'
import type { Payload } from '../payload/payload.ts'
import type { ReplacedFunction } from '../splice/journal.ts'
import { beginsWithEndbr64, ENDBR64 } from '../x86/endbr64.ts'
import type { LivepatchedFunctions } from '../splice/patched-functions.ts'

/** A payload that is for the build itself cannot be put beside what is applied. */
export type IndependenceRefusal =
  /** A livepatch that is applied replaces one of its functions. */
  | { readonly kind: 'livepatched'; readonly name: string; readonly by: string }
  /** It is not known what these replace, and this function is put in place whatever is there. */
  | {
      readonly kind: 'stack-unknown'
      readonly livepatches: readonly string[]
      readonly name: string
    }

export type Independence =
  /** The payload goes on top by its own dependency, or Xen refuses it. */
  | { readonly kind: 'dependent' }
  /** It needs nothing of what is applied, and changes none of it. */
  | { readonly kind: 'independent' }
  | { readonly kind: 'refused'; readonly refusal: IndependenceRefusal }

/**
 * Whether a payload can stand beside those that are applied, although it says that it stands on
 * Xen itself.
 *
 * Hotfixes for one build that replace different functions do not depend on each other: what one
 * calls of another's goes through the old entry, where the new code is reached. Xen compares
 * expectations with what is there, so a function that an unknown payload replaces is noticed
 * wherever something is expected.
 */
export function judgeIndependence(
  payload: Payload,
  functions: readonly ReplacedFunction[],
  host: { readonly buildId: BuildId; readonly livepatched: LivepatchedFunctions },
): Independence {
  const { livepatched, buildId } = host
  const isAlone = livepatched.functions.length === 0 && livepatched.unrecorded.length === 0
  if (payload.dependsOn !== buildId || isAlone) return { kind: 'dependent' }
  for (const { name, address } of functions) {
    const other = livepatched.functions.find((each) => each.address === address)
    if (other !== undefined) return refused({ kind: 'livepatched', name, by: other.hotfix })
  }
  const blind = payload.functions.find(({ expected }) => !seesJump(expected))
  if (blind !== undefined && livepatched.unrecorded.length > 0) {
    const { name } = blind
    return refused({ kind: 'stack-unknown', livepatches: livepatched.unrecorded, name })
  }
  return { kind: 'independent' }
}

/** Whether the bytes expected at an entry reach over the jump that Xen would have put there. */
function seesJump(expected: Uint8Array | undefined): boolean {
  if (expected === undefined) return false
  const skipped = beginsWithEndbr64(expected) ? ENDBR64.length : 0
  return expected.length >= skipped + JUMP_BYTES
}

function refused(refusal: IndependenceRefusal): Independence {
  return { kind: 'refused', refusal }
}
