import { type VirtualAddress } from '../../address/address.ts'
import type { LinkedAlternative, LinkedSection } from '../../payload/link-payload.ts'
import { scanReferences } from '../../x86/scan-references.ts'

/**
 * Every address that linked code names: by its instructions, its constants, its alternatives.
 * There may be more than are real.
 */
export function targetsOf(linked: {
  readonly sections: readonly LinkedSection[]
  readonly alternatives: readonly LinkedAlternative[]
}): readonly VirtualAddress[] {
  const targets = new Set<bigint>()
  const visitor = { reference: (_: number, target: bigint): void => void targets.add(target) }
  for (const { start, bytes, kind } of linked.sections) {
    if (kind === 'code') scanReferences(bytes, start, visitor)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let offset = 0; offset + 8 <= bytes.byteLength; offset += 1) {
      targets.add(view.getBigUint64(offset, true))
    }
  }
  for (const { site, replacement } of linked.alternatives) {
    scanReferences(replacement, site, visitor)
  }
  return [...targets] as VirtualAddress[]
}
