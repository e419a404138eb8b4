import type { VirtualAddress } from '../../address/address.ts'
import type { AddressRange } from '../../address/address-range.ts'
import { paddingBehindText } from '../../image/free-bytes.ts'
import { mergedRanges } from '../merged-ranges.ts'
import { entryNeighbourhood, type ExaminedPayload } from './examine-payload.ts'
import { evidenceSites } from './feature-evidence.ts'

/**
 * The live bytes that `planPayloadSplice` needs: where new code can lie, the functions' entries with what
 * their relays can lie in, the sites that tell of CPU features, and the pointers of calls that boot
 * makes direct. By rising address, without overlaps.
 */
export function payloadReads({
  order: { image },
  functions,
  unrunnable,
  alternatives,
}: ExaminedPayload): readonly AddressRange<VirtualAddress>[] {
  const features = new Set<number>()
  const pointers: AddressRange<VirtualAddress>[] = []
  for (const { feature, pointer } of alternatives) {
    if (pointer === undefined) features.add(feature)
    else pointers.push({ start: pointer, byteLength: 8 })
  }
  return mergedRanges([
    paddingBehindText(image),
    ...unrunnable.map(({ start, byteLength }) => ({ start, byteLength })),
    ...functions.map(({ symbol }) => entryNeighbourhood(image, symbol)),
    ...[...features].flatMap((feature) => evidenceSites(image, feature).map(({ site }) => site)),
    ...pointers,
  ])
}
