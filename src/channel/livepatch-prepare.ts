import type { BuildId } from '../image/build-id.ts'
import type { Image } from '../image/image.ts'
import { MAX_PAYLOAD_BYTES } from '../payload/livepatch-format.ts'
import type { Payload } from '../payload/payload.ts'
import type { JournalEntry, ReplacedFunction } from '../splice/journal.ts'
import { siteInFunctions, splicedSites } from '../splice/patched-functions.ts'
import { FIRST_WITH_METADATA } from '../xen/livepatch-abi.ts'
import { livepatchName } from './livepatch-name.ts'
import type { LivepatchRefusal } from './livepatch-refusal.ts'

/** A hotfix's payload: as it goes to Xen, and as read back from that. */
export interface LivepatchOrder {
  readonly hotfix: string
  readonly payload: Payload
  /** The ELF file. */
  readonly bytes: Uint8Array
}

/** What is known of the host before Xen is asked anything. */
export interface LivepatchSetting {
  /** Of the build that runs. */
  readonly image: Image
  readonly interfaceVersion: number
  readonly entries: readonly JournalEntry[]
  readonly bootId: string
}

export interface PreparedPayload {
  readonly kind: 'prepared'
  readonly order: LivepatchOrder
  /** As Xen will list it. */
  readonly name: string
  readonly buildId: BuildId
  readonly functions: readonly ReplacedFunction[]
}

/** What can be told of a payload without Xen: whether it fits the host, and what it replaces. */
export function preparePayload(
  order: LivepatchOrder,
  setting: LivepatchSetting,
): PreparedPayload | LivepatchRefusal {
  const { payload, bytes } = order
  const { image, interfaceVersion } = setting
  // Version 1 says in its dependency alone which build it is for, and may stand on a payload.
  const forBuild = payload.xenBuildId ?? image.buildId
  if (forBuild !== image.buildId) {
    return { kind: 'other-build', found: image.buildId, wanted: forBuild }
  }
  const layout = interfaceVersion >= FIRST_WITH_METADATA ? 2 : 1
  if (payload.version !== layout) {
    return { kind: 'payload-version', found: payload.version, wanted: layout }
  }
  if (bytes.length > MAX_PAYLOAD_BYTES) {
    return { kind: 'too-large', foundBytes: bytes.length, wantedAtMostBytes: MAX_PAYLOAD_BYTES }
  }
  const functions: ReplacedFunction[] = []
  for (const { name, oldAddress, oldByteLength } of payload.functions) {
    const lookup = oldAddress === undefined ? image.find(name) : undefined
    if (lookup?.kind === 'not-found') return { kind: 'function-not-found', name }
    if (lookup?.kind === 'ambiguous') return { kind: 'function-ambiguous', name }
    const address = oldAddress ?? lookup?.symbol.address
    if (address !== undefined) functions.push({ name, address, byteLength: oldByteLength })
  }
  const sites = splicedSites(setting.entries, setting.bootId)
  const spliced = siteInFunctions(sites, functions)
  if (spliced !== undefined) {
    const { fix, place, certain } = spliced.site
    return { kind: 'spliced', name: spliced.replaced.name, fix, place, certain }
  }
  const name = livepatchName(order.hotfix, payload.buildId)
  return { kind: 'prepared', order, name, buildId: payload.buildId, functions }
}
