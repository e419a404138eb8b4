import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assessHost, standingOf } from './assess-host.ts'
import type { Condition } from './condition.ts'
import { evaluateCondition, explainCondition } from './evaluate-condition.ts'
import { isOpen, type Verdict } from './exposure.ts'
import type { HostFacts } from './host-facts.ts'
import { parseCondition } from './parse-condition.ts'
import {
  advisories,
  catalogues,
  conditions,
  consistent,
  growingFacts,
  someFacts,
} from './testing/arbitraries.ts'

const RUNS = { seed: 4_2026, numRuns: 3000 }
const policy = { denialOfServiceCounts: true }

/** What a verdict may turn into as more becomes known. */
const MAY_BECOME: Readonly<Record<Verdict, readonly Verdict[]>> = {
  // A fix that turns out to be on disk.
  affected: ['affected', 'fixed'],
  'not-affected': ['not-affected'],
  // A host with the fix in memory that turns out never to have needed it.
  fixed: ['fixed', 'not-affected'],
  unknown: ['affected', 'not-affected', 'fixed', 'unknown'],
}

/** The same condition with the parts of each `all` and `any` turned about. */
function reversed(condition: Condition): Condition {
  if ('all' in condition) return { all: condition.all.map(reversed).toReversed() }
  if ('any' in condition) return { any: condition.any.map(reversed).toReversed() }
  if ('not' in condition) return { not: reversed(condition.not) }
  return condition
}

/** What is left of the facts when only those that are named are kept. */
function only(facts: HostFacts, names: readonly string[]): HostFacts {
  return Object.fromEntries(
    Object.entries(facts).filter(([name]) => name.startsWith('seen') || names.includes(name)),
  ) as unknown as HostFacts
}

describe('evaluateCondition()', () => {
  it('keeps true and false when more becomes known', () => {
    fc.assert(
      fc.property(conditions, growingFacts, (condition, { part, known }) => {
        const before = evaluateCondition(condition, part)
        fc.pre(before !== 'unknown')
        expect(evaluateCondition(condition, known)).toBe(before)
      }),
      RUNS,
    )
  })

  it('does not depend on the order of parts, and neither does its explanation', () => {
    fc.assert(
      fc.property(conditions, someFacts, (condition, facts) => {
        expect(explainCondition(reversed(condition), facts)).toEqual(
          explainCondition(condition, facts),
        )
      }),
      RUNS,
    )
  })

  it('is explained by facts that settle it alone', () => {
    fc.assert(
      fc.property(conditions, someFacts, (condition, facts) => {
        const { truth, findings } = explainCondition(condition, facts)
        expect(truth).toBe(evaluateCondition(condition, facts))
        expect(findings.length).toBeGreaterThan(0)
        const named = findings.map((finding) => finding.fact)
        expect(evaluateCondition(condition, only(facts, named))).toBe(truth)
        const undecided = findings.filter((finding) => finding.truth === 'unknown')
        expect(undecided).toEqual(truth === 'unknown' ? findings : [])
      }),
      RUNS,
    )
  })

  it('comes to the same after the condition went through JSON and the reader', () => {
    fc.assert(
      fc.property(conditions, (condition) => {
        const read = parseCondition(JSON.parse(JSON.stringify(condition)))
        expect(read).toEqual({ kind: 'condition', condition })
      }),
      RUNS,
    )
  })
})

describe('assessHost()', () => {
  it('never turns affected into not affected, or back, when more becomes known', () => {
    fc.assert(
      fc.property(advisories, growingFacts, catalogues, (advisory, growing, catalogue) => {
        const of = growing.known
        const part = consistent(growing.part, { of, advisory, catalogue })
        const known = consistent(growing.known, { of, advisory, catalogue })
        const before = assessHost(advisory, part, { catalogue, policy })
        const after = assessHost(advisory, known, { catalogue, policy })
        expect(MAY_BECOME[before.verdict]).toContain(after.verdict)
      }),
      RUNS,
    )
  })

  it('is drawn with every verdict often enough for these properties to say something', () => {
    const drawn = fc.sample(fc.tuple(advisories, someFacts, catalogues), RUNS)
    const verdicts = drawn.map(
      ([advisory, facts, catalogue]) => assessHost(advisory, facts, { catalogue, policy }).verdict,
    )
    const rare = Object.keys(MAY_BECOME).filter(
      (verdict) => verdicts.filter((one) => one === verdict).length < verdicts.length / 50,
    )
    expect(rare).toEqual([])
  })

  it('keeps the answer whether the hole is open when more becomes known', () => {
    fc.assert(
      fc.property(advisories, growingFacts, catalogues, (advisory, growing, catalogue) => {
        const of = growing.known
        const part = consistent(growing.part, { of, advisory, catalogue })
        const known = consistent(growing.known, { of, advisory, catalogue })
        const before = isOpen(standingOf(advisory, part, catalogue))
        fc.pre(before !== 'unknown')
        expect(isOpen(standingOf(advisory, known, catalogue))).toBe(before)
      }),
      RUNS,
    )
  })

  it('says not affected only where the condition is false', () => {
    fc.assert(
      fc.property(advisories, someFacts, catalogues, (advisory, facts, catalogue) => {
        const { verdict } = assessHost(advisory, facts, { catalogue, policy })
        const applies =
          advisory.condition === undefined
            ? 'unknown'
            : evaluateCondition(advisory.condition, facts)
        expect(verdict === 'not-affected').toBe(applies === 'false')
      }),
      RUNS,
    )
  })

  it('gives facts that lead to the same verdict alone', () => {
    fc.assert(
      fc.property(advisories, someFacts, catalogues, (advisory, seen, catalogue) => {
        const facts = consistent(seen, { of: seen, advisory, catalogue })
        const context = { catalogue, policy }
        const exposure = assessHost(advisory, facts, context)
        const named = exposure.because.map((finding) => finding.fact)
        expect(named.length).toBeGreaterThan(0)
        expect(assessHost(advisory, only(facts, named), context).verdict).toBe(exposure.verdict)
      }),
      RUNS,
    )
  })
})
