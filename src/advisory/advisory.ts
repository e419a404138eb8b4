import type { BuildId } from '../image/build-id.ts'
import type { Condition } from './condition.ts'
import type { Instant } from './host-facts.ts'

/**
 * A Xen security advisory, as Reweave keeps it: one file `xsa-NNN.json`.
 *
 * What no source says is left undefined or empty, never guessed. Fields that Reweave does not know
 * are kept in `extra` as they came.
 */
export interface Advisory {
  readonly formatVersion: 1
  readonly xsa: number
  readonly title: string | undefined
  readonly cves: readonly string[]
  readonly publicAt: Instant | undefined
  /** Where the hole is. Memory can be mended for `hypervisor` alone. */
  readonly component: Component
  /** Empty where no source says. */
  readonly impacts: readonly Impact[]
  /**
   * When a host that lacks the fix is affected. Undefined is unknown, and so is every host then.
   * That the fix is missing is not part of it: `fixedIn` says where the fix is.
   */
  readonly condition: Condition | undefined
  readonly fixedIn: readonly FixedIn[]
  readonly embargo: Embargo
  readonly permission: DeploymentPermission
  readonly sources: readonly AdvisorySource[]
  readonly extra: Readonly<Record<string, unknown>>
}

export type Component =
  | 'hypervisor'
  | 'toolstack'
  | 'device-model'
  | 'dom0-kernel'
  | 'guest-kernel'
  | 'unknown'

export interface Impact {
  readonly kind: ImpactKind
  /** Who can cause it, in words: `a guest's kernel`, `an unprivileged process of an HVM guest`. */
  readonly by: string | undefined
  readonly source: string
}

export type ImpactKind = 'privilege-escalation' | 'denial-of-service' | 'information-leak'

/** Where the fix is, on one branch of the component's history. */
export interface FixedIn {
  /** `4.17` for Xen's stable-4.17, `master`; for other components their own names. */
  readonly branch: string
  /** Commit ids on that branch. */
  readonly commits: readonly string[]
  /**
   * The first version of the branch that holds the fix, in the form of a host's `sourceVersion`:
   * `4.17.5+80`. Undefined where it is not known; `never` where no version will hold one, as when
   * an advisory takes security support away from an option (XSA-495).
   */
  readonly since: string | undefined
  /** Builds known to hold the fix, whatever their version. */
  readonly buildIds: readonly BuildId[]
  /** Distributions' packages that hold it: `{ debian-12, xen, 4.17.7+13-g2445b30a44-0+deb12u1 }`. */
  readonly packages: readonly FixedPackage[]
}

export interface FixedPackage {
  readonly distribution: string
  readonly name: string
  /** The first version with the fix. */
  readonly version: string
}

/**
 * R reported, T triaged, P pre-disclosed, A announced, F fix available, X deployed everywhere.
 *
 * An advisory is embargoed in R, T and P.
 */
export type AdvisoryState = 'R' | 'T' | 'P' | 'A' | 'F' | 'X'

export interface Embargo {
  readonly state: AdvisoryState
  /** When each state was reached; for `A` of an embargoed advisory, when it is planned. */
  readonly dates: Readonly<Partial<Record<AdvisoryState, Instant>>>
}

/**
 * Whether the fix may be deployed while the embargo lasts.
 *
 * The security team grants this in the advisory's own text, so the sentence is kept with it.
 */
export interface DeploymentPermission {
  readonly permitted: 'yes' | 'no' | 'unknown'
  /** The advisory's sentence, quoted. */
  readonly sentence: string | undefined
}

export interface AdvisorySource {
  /** `xsa.json`, `xsa-506.meta`, `cve-5`, `csaf-2.0`, `advisory-text`, `git`. */
  readonly kind: string
  /** A URL, a file's name or a commit id. */
  readonly reference: string
}

/** As `FixedIn.since`: no version holds a fix, so the condition alone decides. */
export const NEVER_FIXED = 'never'

/** `XSA-506`. */
export function xsaName(xsa: number): string {
  return `XSA-${xsa}`
}
