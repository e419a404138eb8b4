import { distance, type VirtualAddress } from '../../address/address.ts'
import { type AddressRange, rangeEnd } from '../../address/address-range.ts'
import { paddingBehindText } from '../../image/free-bytes.ts'
import { mergedRanges } from '../merged-ranges.ts'
import { entryNeighbourhood, type ExaminedPayload } from './examine-payload.ts'
import { evidenceSites } from './feature-evidence.ts'

/**
 * The live bytes that `planPayloadSplice` needs: where new code can lie, the functions' entries with what
 * their relays can lie in, the sites that tell of CPU features, and the pointers of calls that boot
 * makes direct. By rising address, without overlaps; a little more, so that it is fewer ranges.
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
  const code = mergedRanges([
    paddingBehindText(image),
    ...unrunnable.map(({ start, byteLength }) => ({ start, byteLength })),
    ...functions.map(({ symbol }) => entryNeighbourhood(image, symbol)),
    ...[...features].flatMap((feature) => evidenceSites(image, feature).map(({ site }) => site)),
  ])
  return mergedRanges([...withoutGaps(code), ...pointers])
}

/** A device reads so many bytes more sooner than it does another transfer. */
const GAP_BYTES = 1024

function withoutGaps(
  ranges: readonly AddressRange<VirtualAddress>[],
): readonly AddressRange<VirtualAddress>[] {
  const gaps = ranges.flatMap((range, index) => {
    const next = ranges[index + 1]
    const byteLength = next === undefined ? 0 : distance(rangeEnd(range), next.start)
    return byteLength > 0 && byteLength <= GAP_BYTES ? [{ start: rangeEnd(range), byteLength }] : []
  })
  return mergedRanges([...ranges, ...gaps])
}
