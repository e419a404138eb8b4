import { type Advisory, type Impact, type ImpactKind, xsaName } from './advisory.ts'
import { isRecord } from './json-fields.ts'
import { IMPACT_KINDS } from './parse-statement.ts'
import { parseCondition } from './parse-condition.ts'
import type { Condition } from './condition.ts'
import type { Instant } from './host-facts.ts'

/** How bad an advisory is here, in an operator's judgement. Xen's advisories name no severity. */
export const SEVERITIES = ['none', 'low', 'medium', 'high', 'critical'] as const
export type Severity = (typeof SEVERITIES)[number]

/**
 * An operator's own judgement of an advisory, on record.
 *
 * Announcements can be worse than the hole: XSA-112 was shown to be less than announced. The
 * published advisory stays as it is, beside every judgement that was made of it.
 */
export interface Assessment {
  readonly formatVersion: 1
  readonly xsa: number
  readonly madeAt: Instant
  /** The person who judged. */
  readonly by: string
  readonly why: string
  /** What the judgement rests on: test runs, commit ids, addresses. At least one. */
  readonly evidence: readonly string[]
  readonly severity: Severity | undefined
  /** The impacts that remain. Undefined leaves the published ones; empty says that none is left. */
  readonly impacts: readonly ImpactKind[] | undefined
  /** Takes the published condition's place. Undefined leaves it. */
  readonly condition: Condition | undefined
}

/** Reads back what the store wrote. Undefined where it is anything else. */
export function parseAssessment(json: unknown): Assessment | undefined {
  if (!isRecord(json) || json['formatVersion'] !== 1) return undefined
  const { xsa, madeAt, by, why, evidence, severity, impacts, condition } = json
  const isText = (value: unknown): value is string => typeof value === 'string'
  if (typeof xsa !== 'number' || !isText(madeAt) || !isText(by) || !isText(why)) return undefined
  if (!Array.isArray(evidence) || !evidence.every(isText)) return undefined
  const parsed = condition === undefined ? undefined : parseCondition(condition)
  const chosen = SEVERITIES.find((one) => one === severity)
  const left = impacts === undefined ? [] : impacts
  if (!Array.isArray(left) || !left.every(isImpactKind)) return undefined
  if (parsed?.kind === 'refused' || chosen !== severity) return undefined
  return {
    formatVersion: 1,
    xsa,
    madeAt,
    by,
    why,
    evidence,
    severity: chosen,
    impacts: impacts === undefined ? undefined : left,
    condition: parsed?.condition,
  }
}

function isImpactKind(value: unknown): value is ImpactKind {
  return IMPACT_KINDS.some((kind) => kind === value)
}

/** What is missing from an assessment before it can go on record. */
export function assessmentGaps(
  assessment: Pick<Assessment, 'by' | 'why' | 'evidence' | 'severity' | 'impacts' | 'condition'>,
): readonly string[] {
  const gaps: string[] = []
  if (assessment.by.trim() === '') gaps.push('who judged')
  if (assessment.why.trim() === '') gaps.push('why')
  if (assessment.evidence.every((one) => one.trim() === '')) gaps.push('evidence')
  const { severity, impacts, condition } = assessment
  if (severity === undefined && impacts === undefined && condition === undefined) {
    gaps.push('a judgement: a severity, the impacts that remain, or a condition')
  }
  return gaps
}

/** An advisory as published, and as judged by the last assessment of each of its fields. */
export interface JudgedAdvisory {
  readonly published: Advisory
  readonly judged: Advisory
  readonly severity: Severity | undefined
  /** The assessments in force, the earliest first. Empty where nobody judged. */
  readonly assessments: readonly Assessment[]
}

export function judge(published: Advisory, all: readonly Assessment[]): JudgedAdvisory {
  const assessments = all
    .filter(({ xsa }) => xsa === published.xsa)
    .toSorted((a, b) => (a.madeAt < b.madeAt ? -1 : Number(a.madeAt > b.madeAt)))
  const last = <T>(pick: (one: Assessment) => T | undefined): T | undefined =>
    assessments.map(pick).findLast((value) => value !== undefined)
  const impacts = last((one) =>
    one.impacts?.map((kind): Impact => {
      const before = published.impacts.find((impact) => impact.kind === kind)
      return before ?? { kind, by: undefined, source: `assessed by ${one.by}: ${one.why}` }
    }),
  )
  return {
    published,
    judged: {
      ...published,
      impacts: impacts ?? published.impacts,
      condition: last(({ condition }) => condition) ?? published.condition,
    },
    severity: last(({ severity }) => severity),
    assessments,
  }
}

/** One line for people: `XSA-112 judged low by A. Smith on …: why`. */
export function describeAssessment(assessment: Assessment): string {
  const { xsa, by, madeAt, why, severity, impacts, condition } = assessment
  const parts = [
    ...(severity === undefined ? [] : [severity]),
    ...(impacts === undefined ? [] : [`impacts: ${impacts.join(', ') || 'none'}`]),
    ...(condition === undefined ? [] : ['another condition']),
  ]
  return `${xsaName(xsa)} judged ${parts.join('; ')} by ${by} on ${madeAt}: ${why}`
}
