import type { FixForBuild } from '../fleet/ways-of-host.ts'
import { hasLivepatchForm, spliceSourceOf } from '../host/splice-source.ts'
import type { Bundle } from '../hotfix/bundle.ts'

/**
 * A hotfix as coverage counts it: once for each channel that it has a form for, and with the reasons
 * where its build found out that it cannot be spliced in.
 *
 * That it is not refused here does not promise that a host takes it: room, and what boot made of
 * the code, show on the host alone.
 */
export function fixesForBuild(hotfix: Bundle): readonly FixForBuild[] {
  const { name, advisory, base } = hotfix.manifest
  if (advisory === undefined) return []
  const fix = { name, advisory, buildId: base.buildId }
  const livepatch: readonly FixForBuild[] = hasLivepatchForm(hotfix)
    ? [{ ...fix, channel: 'livepatch', refused: undefined }]
    : []
  const source = spliceSourceOf(hotfix)
  if (source.kind !== 'none') return [...livepatch, { ...fix, channel: 'dma', refused: undefined }]
  if (source.reasons.length === 0) return livepatch
  return [...livepatch, { ...fix, channel: 'dma', refused: source.reasons.join('; ') }]
}
