import type { FactName, ScalarFact, SetFact, VersionFact } from './host-facts.ts'

/**
 * Which hosts an advisory concerns, as data over the facts of one host.
 *
 * The TypeScript form is the JSON form. Each test names the fact it reads and the `source` that it
 * comes from: the advisory's sentence, or the commit that shows it. Evaluation has three values: a
 * fact that is not known makes a test unknown, and `all`, `any` and `not` follow Kleene's tables.
 *
 * @module
 */

/** Three values, ordered by knowledge: `unknown` may become either of the others, they stay. */
export type Truth = 'true' | 'false' | 'unknown'

export type Condition =
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition }
  | FactTest

/** A comparison of one fact. The leaf of every condition. */
export type FactTest =
  | EqualsTest
  | OneOfTest
  | VersionLimitTest
  | VersionBetweenTest
  | SetTest
  | ConfigTest

interface Sourced {
  /** The sentence of the advisory, in our words or quoted in brief, or the commit that shows it. */
  readonly source: string
}

/** The fact is exactly this. */
export interface EqualsTest extends Sourced {
  readonly fact: ScalarFact
  readonly test: 'equals'
  readonly value: string | boolean
}

/** The fact is one of these. */
export interface OneOfTest extends Sourced {
  readonly fact: ScalarFact
  readonly test: 'one-of'
  readonly values: readonly string[]
}

/** The version is earlier than `value`, or is `value` or later. */
export interface VersionLimitTest extends Sourced {
  readonly fact: VersionFact
  readonly test: 'before' | 'at-least'
  readonly value: string
}

/** The version is `from` or later, and earlier than `until`. */
export interface VersionBetweenTest extends Sourced {
  readonly fact: VersionFact
  readonly test: 'between'
  readonly from: string
  readonly until: string
}

/**
 * The set holds the member, or does not.
 *
 * Of `guestTypes` the members are `pv`, `pv32`, `pvh`, `hvm`; of `commandLine` they are words as
 * Xen takes them, where `iommu=strict,verbose` counts as `iommu=strict` and `iommu=verbose`.
 */
export interface SetTest extends Sourced {
  readonly fact: SetFact
  readonly test: 'has' | 'lacks'
  readonly value: string
}

/** A build option has this value. An option that a whole configuration leaves out is `n`. */
export interface ConfigTest extends Sourced {
  readonly fact: 'config'
  readonly test: 'is'
  /** With its prefix: `CONFIG_SHADOW_PAGING`. */
  readonly option: string
  /** `y`, `n`, a number or a string without quotes. */
  readonly value: string
}

/** What one test came to, with the fact that made it so. */
export interface TestFinding {
  readonly fact: FactName
  /** The test in words: `guestTypes has hvm`. */
  readonly test: string
  readonly truth: Truth
  /** The fact as found, in words; undefined where it is not known. */
  readonly found: string | undefined
  readonly source: string
}
