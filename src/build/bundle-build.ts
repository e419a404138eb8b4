import type { Patch } from '../diff/patch.ts'
import type { Bundle, Sha256 } from '../hotfix/bundle.ts'
import { printable } from '../hotfix/fix-problem.ts'
import type { HotfixFunction } from '../hotfix/manifest.ts'
import { BUNDLE_LIMITS, MEMBER_NAMES } from '../hotfix/manifest.ts'
import { REWEAVE_VERSION } from '../hotfix/reweave-version.ts'
import { writeBundle } from '../hotfix/write-bundle.ts'
import type { Image } from '../image/image.ts'
import type { BuiltForms } from './build-forms.ts'
import { symbolText } from './symbol-text.ts'

/** What the hotfix is to be called, and what it closes. */
export interface HotfixOrder {
  readonly name: string
  readonly advisory: string | undefined
  readonly cves: readonly string[]
  readonly title: string
  /** The name of a probe that Reweave knows. */
  readonly probe: string | undefined
  /** Opens a hole instead of closing one. */
  readonly labOnly: boolean
  /** Why old and new code may run side by side; undefined where nobody judged. */
  readonly sideBySide: string | undefined
}

export interface BuiltParts {
  readonly image: Image
  readonly baseVersion: string
  readonly patchFile: string
  readonly patchSha256: string
  readonly compiler: string
  readonly patch: Patch
  readonly forms: BuiltForms
}

/** Packs what was built into a bundle. Equal parts give equal bytes. */
export function bundleBuild(order: HotfixOrder, parts: BuiltParts, sha256: Sha256): Bundle {
  const { image, baseVersion, patchFile, patchSha256, compiler, patch, forms } = parts
  const { name, advisory, cves, title, probe, labOnly, sideBySide } = order
  const [, splice] = forms.said
  const draft = {
    name,
    advisory,
    cves,
    title,
    probe,
    labOnly,
    onTopOf: undefined,
    base: { buildId: image.buildId, version: baseVersion },
    reweave: REWEAVE_VERSION,
    origin: {
      kind: 'source-patch' as const,
      patch: { file: patchFile, sha256: patchSha256 },
      compiler,
    },
    functions: functionsOf(patch, image),
    forms: [
      {
        kind: 'livepatch' as const,
        member: MEMBER_NAMES.payload,
        payloadVersion: forms.payloadVersion,
        payloadBuildId: forms.payloadBuildId,
        interfaces: forms.interfaces,
      },
      {
        kind: 'splice' as const,
        member: MEMBER_NAMES.payload,
        reasons: splice.reasons
          .slice(0, BUNDLE_LIMITS.reasons)
          .map(({ sentence }) => printable(sentence).slice(0, BUNDLE_LIMITS.reasonLength)),
        sideBySide,
        study: forms.study === undefined ? undefined : MEMBER_NAMES.study,
      },
    ],
    payload: forms.payload,
    study: forms.study,
    fix: undefined,
  }
  return writeBundle(draft, sha256)
}

function functionsOf(patch: Patch, image: Image): readonly HotfixFunction[] {
  const replacing = new Set(patch.replacements.map(({ piece }) => piece))
  const changed = patch.replacements.map(({ symbol, oldByteLength, newByteLength }) => {
    const found = image.find(symbolText(symbol))
    return {
      ...symbol,
      kind: 'changed' as const,
      oldAddress: found.kind === 'found' ? found.symbol.address : undefined,
      oldByteLength,
      newByteLength,
    }
  })
  const added = patch.symbols
    .filter(({ kind, piece }) => kind === 'function' && !replacing.has(piece))
    .map(({ name, file, byteLength }) => ({
      name,
      file,
      kind: 'added' as const,
      oldAddress: undefined,
      oldByteLength: undefined,
      newByteLength: byteLength,
    }))
  return [...changed, ...added]
}
