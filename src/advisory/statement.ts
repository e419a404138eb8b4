import type {
  AdvisorySource,
  Component,
  DeploymentPermission,
  Embargo,
  FixedIn,
  Impact,
} from './advisory.ts'
import type { Condition } from './condition.ts'
import type { Instant } from './host-facts.ts'
import type { Recipe } from './recipe.ts'

/**
 * What one source says of one advisory.
 *
 * Sources are kept apart, so that two that disagree can both be shown; `combineStatements()` makes
 * one advisory of them. What the source does not say is undefined or empty.
 */
export interface AdvisoryStatement {
  readonly formatVersion: 1
  readonly xsa: number
  readonly source: AdvisorySource
  /** Orders the statements of one source: a later one takes the place of an earlier one. */
  readonly revision: string | undefined
  readonly title: string | undefined
  readonly cves: readonly string[]
  readonly publicAt: Instant | undefined
  readonly component: Component | undefined
  readonly impacts: readonly Impact[]
  readonly condition: Condition | undefined
  readonly fixedIn: readonly FixedIn[]
  readonly embargo: Embargo | undefined
  readonly permission: DeploymentPermission | undefined
  readonly recipe: Recipe | undefined
  /** The parts of a text, in their order: `VULNERABLE SYSTEMS`, `MITIGATION`. */
  readonly sections: readonly AdvisorySection[]
  /** Sources that this one names in turn. */
  readonly further: readonly AdvisorySource[]
  /** What was not understood, as it came. */
  readonly extra: Readonly<Record<string, unknown>>
}

export interface AdvisorySection {
  readonly heading: string
  readonly text: string
}

/** A statement that says nothing yet. */
export function emptyStatement(xsa: number, source: AdvisorySource): AdvisoryStatement {
  return {
    formatVersion: 1,
    xsa,
    source,
    revision: undefined,
    title: undefined,
    cves: [],
    publicAt: undefined,
    component: undefined,
    impacts: [],
    condition: undefined,
    fixedIn: [],
    embargo: undefined,
    permission: undefined,
    recipe: undefined,
    sections: [],
    further: [],
    extra: {},
  }
}
