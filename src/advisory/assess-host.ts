import type { Advisory } from './advisory.ts'
import type { TestFinding } from './condition.ts'
import { evaluateCondition, explainCondition, type Explained } from './evaluate-condition.ts'
import { sortFindings } from './evaluate-condition.ts'
import {
  type Exposure,
  type ExposurePolicy,
  impactsCount,
  type Standing,
  verdictOf,
} from './exposure.ts'
import {
  type BuildCatalogue,
  explainFixInMemory,
  explainFixOnDisk,
  fixPresence,
} from './fix-presence.ts'
import type { HostFacts } from './host-facts.ts'

/** The parts of an advisory that decide exposure. */
export type DecidingAdvisory = Pick<
  Advisory,
  'xsa' | 'component' | 'condition' | 'fixedIn' | 'impacts'
>

export interface AssessmentContext {
  readonly catalogue: BuildCatalogue
  readonly policy: ExposurePolicy
}

/** Whether the advisory hits the host, and why. Equal facts give an equal answer. */
export function assessHost(
  advisory: DecidingAdvisory,
  facts: HostFacts,
  { catalogue, policy }: AssessmentContext,
): Exposure {
  const standing = standingOf(advisory, facts, catalogue)
  const { memory, disk } = standing
  const condition = explainApplies(advisory, facts)
  const inMemory = explainFixInMemory(advisory, facts, catalogue)
  const onDisk = explainFixOnDisk(advisory, facts, catalogue)
  const base = { xsa: advisory.xsa, counts: impactsCount(advisory.impacts, policy) }
  const verdict = verdictOf(standing)
  switch (verdict) {
    case 'not-affected':
      return { ...base, verdict, because: condition.findings }
    case 'affected': {
      const because = sortFindings([...condition.findings, ...inMemory, onDisk])
      return { ...base, verdict, disk: disk === 'false' ? 'false' : 'unknown', because }
    }
    case 'fixed': {
      // A fix in memory decides alone; one on disk counts for a host that the condition meets.
      const because =
        memory === 'true' ? [...inMemory, onDisk] : [...condition.findings, ...inMemory, onDisk]
      return { ...base, verdict, memory, disk, because: sortFindings(because) }
    }
    case 'unknown': {
      const because = sortFindings(
        [...condition.findings, ...inMemory].filter((finding) => finding.truth === 'unknown'),
      )
      return { ...base, verdict, because, missing: [...new Set(because.map(({ fact }) => fact))] }
    }
  }
}

export function standingOf(
  advisory: DecidingAdvisory,
  facts: HostFacts,
  catalogue: BuildCatalogue,
): Standing {
  const applies =
    advisory.condition === undefined ? 'unknown' : evaluateCondition(advisory.condition, facts)
  return { applies, ...fixPresence(advisory, facts, catalogue) }
}

function explainApplies(advisory: DecidingAdvisory, facts: HostFacts): Explained {
  if (advisory.condition !== undefined) return explainCondition(advisory.condition, facts)
  const finding: TestFinding = {
    fact: 'condition',
    test: 'the advisory says which hosts it concerns',
    truth: 'unknown',
    found: undefined,
    source: 'no condition has been written for this advisory',
  }
  return { truth: 'unknown', findings: [finding] }
}
