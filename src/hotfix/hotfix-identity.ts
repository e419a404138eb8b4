import type { BuildId } from '../image/build-id.ts'

/** What a hotfix is called, what it closes, and the one build it is for. */
export interface HotfixIdentity {
  /** Lower-case letters, digits and dashes: `xsa-506`. */
  readonly name: string
  /** `XSA-506`. Undefined for a patch that no advisory asks for. */
  readonly advisory: string | undefined
  readonly cves: readonly string[]
  readonly title: string
  readonly base: { readonly buildId: BuildId; readonly version: string }
  /** The name of the hotfix on which this one stands, if it does not stand on the build itself. */
  readonly onTopOf: string | undefined
  /** Opens a hole instead of closing one. Nothing applies it without being told so each time. */
  readonly labOnly: boolean
  /** The name of a probe that Reweave knows (`reweave probe --list`), if one fits. */
  readonly probe: string | undefined
}
