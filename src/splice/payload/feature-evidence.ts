/**
 * Which CPU features boot found, told by what it made of the code.
 *
 * Xen applies its alternatives once, by the features of the boot CPU; new code has to be made as
 * Xen made the old. What memory shows at the sites of a feature's alternatives says what Xen
 * decided, whatever the host's CPUs report today.
 *
 * @module
 */

import { advance, distance, type VirtualAddress } from '../../address/address.ts'
import { type AddressRange, contains } from '../../address/address-range.ts'
import { copyBytes } from '../../address/copy-bytes.ts'
import type { Image } from '../../image/image.ts'
import { type ImageAlternative, imageAlternatives } from '../../image/image-tables.ts'
import { isCodePadding } from '../../image/nop.ts'
import type { LiveBytes } from '../live-bytes.ts'

/** One place in the image that several alternatives in a row may be put over, in their order. */
export interface EvidenceSite {
  readonly site: AddressRange<VirtualAddress>
  readonly entries: readonly ImageAlternative[]
}

export type FeatureEvidence =
  | { readonly kind: 'present' }
  | { readonly kind: 'absent' }
  /** No site of the image tells. */
  | { readonly kind: 'none' }
  | {
      readonly kind: 'disagrees'
      readonly present: VirtualAddress
      readonly absent: VirtualAddress
    }

/** No more sites than these are asked about one feature. */
const MOST_SITES = 8

/** Sites in `.text` whose bytes can tell whether Xen found the feature, the first in the table. */
export function evidenceSites(image: Image, feature: number): readonly EvidenceSite[] {
  const bySite = Map.groupBy(imageAlternatives(image), ({ site }) => site.start)
  const sites: EvidenceSite[] = []
  for (const entries of bySite.values()) {
    const [first] = entries
    if (first === undefined || !entries.some((entry) => entry.feature === feature)) continue
    if (!contains(image.text, first.site)) continue
    if (entries.some(({ site }) => site.byteLength !== first.site.byteLength)) continue
    sites.push({ site: first.site, entries })
    if (sites.length === MOST_SITES) break
  }
  return sites
}

/** What the sites say of the feature; all that can tell must agree. */
export function featureEvidence(image: Image, live: LiveBytes, feature: number): FeatureEvidence {
  let present: VirtualAddress | undefined
  let absent: VirtualAddress | undefined
  for (const site of evidenceSites(image, feature)) {
    const told = tellsOf(image, live, site, feature)
    if (told === true) present ??= site.site.start
    if (told === false) absent ??= site.site.start
  }
  if (present !== undefined && absent !== undefined) return { kind: 'disagrees', present, absent }
  if (present !== undefined) return { kind: 'present' }
  return { kind: absent === undefined ? 'none' : 'absent' }
}

/**
 * Whether the site shows the feature, or undefined where it cannot tell.
 *
 * It shows the last alternative that was applied, and says nothing of those in front of it.
 */
function tellsOf(
  image: Image,
  live: LiveBytes,
  { site, entries }: EvidenceSite,
  feature: number,
): boolean | undefined {
  const found = live.bytesAt(site)
  const linked = image.bytesAt(site)
  const [first] = entries
  if (found === undefined || linked === undefined || first === undefined) return undefined
  const shows = entries.map((entry) => begins(found, replacementAt(image, entry)))
  const code = linked.subarray(0, site.byteLength - first.padByteLength)
  const untouched = begins(found, code)
  const matching = shows.filter(Boolean).length + Number(untouched)
  if (matching !== 1) return undefined
  const applied = shows.indexOf(true)
  // Those behind the last one applied were not; those before it may have been.
  const telling = entries.findLastIndex((entry) => entry.feature === feature)
  const entry = entries[telling]
  if (entry === undefined || telling < applied) return undefined
  return (telling === applied) !== entry.negated
}

/** Whether `found` is `code` with NOPs behind it. */
function begins(found: Uint8Array, code: Uint8Array | undefined): boolean {
  if (code === undefined || !code.every((byte, index) => byte === found[index])) return false
  return isCodePadding(found.subarray(code.byteLength))
}

/** The replacement as it is at the site. Undefined where boot makes something else of it. */
function replacementAt(image: Image, entry: ImageAlternative): Uint8Array | undefined {
  const bytes = image.bytesAt(entry.replacement)
  if (bytes === undefined || bytes.byteLength > entry.site.byteLength) return undefined
  const moved = copyBytes(bytes)
  if (bytes.byteLength < 5 || ((bytes[0] ?? 0) & 0xfe) !== 0xe8) return moved
  const view = new DataView(moved.buffer)
  const target = advance(entry.replacement.start, 5 + view.getInt32(1, true))
  if (target === entry.replacement.start) return undefined
  view.setInt32(1, distance(advance(entry.site.start, 5), target), true)
  return moved
}
