import { ENDBR64 } from '../../x86/endbr64.ts'
import { beginsWithEndbr } from '../../image/begins-with-endbr.ts'
import { advance, distance, virtualAddress, type VirtualAddress } from '../../address/address.ts'
import { contains } from '../../address/address-range.ts'
import { copyBytes } from '../../address/copy-bytes.ts'
import type { Image } from '../../image/image.ts'
import type { LinkedAlternative } from '../../payload/link-payload.ts'
import { fitsInt32 } from '../../x86/jump.ts'
import { longNops } from '../../x86/long-nops.ts'
import type { LiveBytes } from '../live-bytes.ts'
import { type FeatureEvidence, featureEvidence } from './feature-evidence.ts'
import type { SpliceRefusal } from './splice-refusal.ts'

/** The code of a section, by its index. */
export type SectionBytes = ReadonlyMap<number, Uint8Array>

/**
 * The sections as Xen's loader would leave them on this host: every alternative decided by what
 * the running image shows. Of several for one site the last that applies goes over the others.
 */
export function applyAlternatives(
  sections: SectionBytes,
  alternatives: readonly LinkedAlternative[],
  image: Image,
  live: LiveBytes,
):
  | { readonly kind: 'applied'; readonly sections: SectionBytes }
  | { readonly kind: 'refused'; readonly refusals: readonly SpliceRefusal[] } {
  const result = new Map(Array.from(sections, ([index, bytes]) => [index, copyBytes(bytes)]))
  const refusals: SpliceRefusal[] = []
  const features = new Map<number, FeatureEvidence>()
  for (const entries of Map.groupBy(alternatives, ({ site }) => site).values()) {
    for (const alternative of entries.toReversed()) {
      const chosen =
        alternative.pointer === undefined
          ? byFeature(alternative, features, image, live)
          : directBranch(alternative, alternative.pointer, image, live)
      // Whether an earlier one applies matters only where no later one does.
      if (chosen === 'not-applicable') continue
      if (!(chosen instanceof Uint8Array)) refusals.push(chosen)
      else put(result.get(alternative.section), alternative, chosen)
      break
    }
  }
  if (refusals.length > 0) return { kind: 'refused', refusals: eachFeatureOnce(refusals) }
  return { kind: 'applied', sections: result }
}

function put(
  section: Uint8Array | undefined,
  { offset, siteByteLength }: LinkedAlternative,
  chosen: Uint8Array,
): void {
  section?.set(chosen, offset)
  section?.set(longNops(siteByteLength - chosen.byteLength), offset + chosen.byteLength)
}

function eachFeatureOnce(refusals: readonly SpliceRefusal[]): readonly SpliceRefusal[] {
  const known = new Set<number>()
  return refusals.filter((refusal) => {
    if (refusal.kind !== 'feature-unknown') return true
    const isNew = !known.has(refusal.feature)
    known.add(refusal.feature)
    return isNew
  })
}

function byFeature(
  { feature, negated, replacement }: LinkedAlternative,
  known: Map<number, FeatureEvidence>,
  image: Image,
  live: LiveBytes,
): Uint8Array | 'not-applicable' | SpliceRefusal {
  const evidence = known.get(feature) ?? featureEvidence(image, live, feature)
  known.set(feature, evidence)
  if (evidence.kind === 'none' || evidence.kind === 'disagrees') {
    return { kind: 'feature-unknown', feature, evidence }
  }
  return (evidence.kind === 'present') !== negated ? replacement : 'not-applicable'
}

/** `ud2`, and `ud0` behind it: what Xen puts where a pointer leads nowhere. */
const NOWHERE = Uint8Array.of(0x0f, 0x0b, 0x0f, 0xff, 0xff)

/**
 * A direct branch in place of one by a pointer, as boot makes of each in Xen's own code.
 *
 * The pointer is the live one. Xen gives such pointers a value while it boots and never another,
 * for its own code does not look at them again. To leave the indirect branch would be wrong: on CPUs
 * with CET-IBT boot has taken away the `endbr64` that it needs at its target.
 */
function directBranch(
  { site, replacement }: LinkedAlternative,
  pointer: VirtualAddress,
  image: Image,
  live: LiveBytes,
): Uint8Array | SpliceRefusal {
  const range = { start: pointer, byteLength: 8 }
  const bytes = live.bytesAt(range)
  if (bytes === undefined) return { kind: 'live-bytes-missing', range }
  const value = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true)
  if (value === 0n) return copyBytes(NOWHERE)
  const target = virtualAddress(value)
  const isEntry = image.functionAt(target)?.address === target
  if (!isEntry || !contains(image.text, { start: target, byteLength: 1 })) {
    return { kind: 'pointer-leads-nowhere', pointer, found: target }
  }
  const goal = beginsWithEndbr(image, target) ? advance(target, ENDBR64.length) : target
  const branch = Uint8Array.of(replacement[0] ?? 0xe8, 0, 0, 0, 0)
  const displacement = distance(advance(site, branch.byteLength), goal)
  if (!fitsInt32(BigInt(displacement))) {
    return { kind: 'pointer-leads-nowhere', pointer, found: target }
  }
  new DataView(branch.buffer).setInt32(1, displacement, true)
  return branch
}
