import type { Bundle } from '../hotfix/bundle.ts'
import type { Fix } from '../hotfix/fix.ts'
import type { Payload } from '../payload/payload.ts'
import type { SpliceStudy } from '../hotfix/splice-study.ts'

/** What of a hotfix the DMA channel makes a plan from, or why there is nothing. */
export type SpliceSource =
  | { readonly kind: 'written'; readonly fix: Fix }
  | {
      readonly kind: 'payload'
      readonly payload: Payload
      readonly study: SpliceStudy
      readonly sideBySide: string | undefined
    }
  | { readonly kind: 'none'; readonly reasons: readonly string[] }

/** A fix that was written by hand goes before what was built: somebody wrote it for this channel. */
export function spliceSourceOf(hotfix: Bundle): SpliceSource {
  const { fix, payload, study, manifest } = hotfix
  const form = manifest.forms.find(({ kind }) => kind === 'splice')
  if (form?.kind !== 'splice') return { kind: 'none', reasons: [] }
  if (form.reasons.length > 0) return { kind: 'none', reasons: form.reasons }
  if (fix !== undefined && form.member === 'fix.yaml') return { kind: 'written', fix }
  if (payload === undefined || study === undefined) return { kind: 'none', reasons: [] }
  return { kind: 'payload', payload: payload.payload, study, sideBySide: form.sideBySide }
}

/** Whether Xen's own livepatch can take the hotfix. */
export function hasLivepatchForm({ manifest }: Bundle): boolean {
  return manifest.forms.some(({ kind }) => kind === 'livepatch')
}
