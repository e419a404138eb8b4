import type { Condition, FactTest, TestFinding, Truth } from './condition.ts'
import { describeTest, judge, readSubject } from './fact-test.ts'
import type { HostFacts } from './host-facts.ts'
import { allOf, anyOf, negation } from './truth.ts'

/** Whether the condition holds of the host, in three values. */
export function evaluateCondition(condition: Condition, facts: HostFacts): Truth {
  if ('all' in condition) return allOf(condition.all.map((part) => evaluateCondition(part, facts)))
  if ('any' in condition) return anyOf(condition.any.map((part) => evaluateCondition(part, facts)))
  if ('not' in condition) return negation(evaluateCondition(condition.not, facts))
  return judge(condition, readSubject(condition, facts))
}

/** What a condition came to, and the findings that made it so. */
export interface Explained {
  readonly truth: Truth
  /**
   * For true and false: findings that settle it whatever the others are. For unknown: the findings
   * that are not known and matter. Sorted, so that the order of a condition's parts does not show.
   */
  readonly findings: readonly TestFinding[]
}

export function explainCondition(condition: Condition, facts: HostFacts): Explained {
  const { truth, findings } = explain(condition, facts)
  return { truth, findings: sortFindings(findings) }
}

function explain(condition: Condition, facts: HostFacts): Explained {
  if ('all' in condition) {
    return settle(
      condition.all.map((part) => explain(part, facts)),
      { settling: 'false', otherwise: 'true' },
    )
  }
  if ('any' in condition) {
    return settle(
      condition.any.map((part) => explain(part, facts)),
      { settling: 'true', otherwise: 'false' },
    )
  }
  if ('not' in condition) {
    const { truth, findings } = explain(condition.not, facts)
    return { truth: negation(truth), findings }
  }
  const finding = findingOf(condition, facts)
  return { truth: finding.truth, findings: [finding] }
}

/** One part with the settling value decides alone; the shortest such reason is given. */
function settle(
  parts: readonly Explained[],
  values: { readonly settling: Truth; readonly otherwise: Truth },
): Explained {
  const settling = parts.filter((part) => part.truth === values.settling)
  const [shortest] = settling.sort(
    (a, b) => a.findings.length - b.findings.length || compareText(textOf(a), textOf(b)),
  )
  if (shortest !== undefined) return shortest
  const unknown = parts.filter((part) => part.truth === 'unknown')
  if (unknown.length > 0) {
    return { truth: 'unknown', findings: unknown.flatMap((part) => part.findings) }
  }
  return { truth: values.otherwise, findings: parts.flatMap((part) => part.findings) }
}

export function findingOf(test: FactTest, facts: HostFacts): TestFinding {
  const found = readSubject(test, facts)
  return {
    fact: test.fact,
    test: describeTest(test),
    truth: judge(test, found),
    found,
    source: test.source,
  }
}

/** By fact, then by test; a finding that occurs twice is given once. */
export function sortFindings(findings: readonly TestFinding[]): readonly TestFinding[] {
  const byText = new Map(findings.map((finding) => [findingText(finding), finding]))
  return [...byText].sort(([a], [b]) => compareText(a, b)).map(([, finding]) => finding)
}

function textOf(part: Explained): string {
  return part.findings.map(findingText).sort().join('\n')
}

function findingText(finding: TestFinding): string {
  return `${finding.fact}\t${finding.test}\t${finding.source}`
}

function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
