import { describe, expect, it } from 'vitest'
import type { Advisory } from './advisory.ts'
import {
  type Assessment,
  assessmentGaps,
  describeAssessment,
  judge,
  parseAssessment,
} from './assessment.ts'

const CONDITION = {
  fact: 'guestTypes',
  test: 'has',
  value: 'hvm',
  source: 'Only HVM guests can reach the path',
} as const

const ADVISORY: Advisory = {
  formatVersion: 1,
  xsa: 112,
  title: 'A made-up hole',
  cves: [],
  publicAt: undefined,
  component: 'hypervisor',
  impacts: [
    { kind: 'privilege-escalation', by: undefined, source: 'IMPACT' },
    { kind: 'denial-of-service', by: 'a guest', source: 'IMPACT' },
  ],
  condition: undefined,
  fixedIn: [],
  embargo: { state: 'A', dates: {} },
  permission: { permitted: 'unknown', sentence: undefined },
  sources: [],
  extra: {},
}

function assessment(judged: Partial<Assessment>): Assessment {
  return {
    formatVersion: 1,
    xsa: 112,
    madeAt: '2014-12-01T00:00:00.000Z',
    by: 'A. Smith',
    why: 'No path leads there',
    evidence: ['run 417'],
    severity: undefined,
    impacts: undefined,
    condition: undefined,
    ...judged,
  }
}

describe('judge()', () => {
  it('leaves what nobody judged as it was published', () => {
    const result = judge(ADVISORY, [])
    expect(result).toEqual({
      published: ADVISORY,
      judged: ADVISORY,
      severity: undefined,
      assessments: [],
    })
  })

  it('keeps the published advisory beside the judged one', () => {
    const { published, judged, severity } = judge(ADVISORY, [
      assessment({ severity: 'low', impacts: ['denial-of-service'], condition: CONDITION }),
    ])
    expect(published).toEqual(ADVISORY)
    expect(judged.impacts).toEqual([ADVISORY.impacts[1]])
    expect(judged.condition).toEqual(CONDITION)
    expect(severity).toBe('low')
  })

  it('takes each field from the last assessment that judged it, by date', () => {
    const early = assessment({ severity: 'high', impacts: [] })
    const late = assessment({ severity: 'low', madeAt: '2015-01-01T00:00:00.000Z' })
    const { judged, severity, assessments } = judge(ADVISORY, [late, early])
    expect(severity).toBe('low')
    expect(judged.impacts).toEqual([])
    expect(assessments).toEqual([early, late])
  })

  it('leaves assessments of other advisories alone', () => {
    expect(judge(ADVISORY, [assessment({ xsa: 113, severity: 'low' })]).severity).toBeUndefined()
  })
})

describe('parseAssessment()', () => {
  it('reads back every assessment as it was written', () => {
    const written = [
      assessment({ severity: 'low' }),
      assessment({ impacts: [] }),
      assessment({ impacts: ['information-leak'], condition: CONDITION }),
    ]
    const read = written.map((one) => parseAssessment(JSON.parse(JSON.stringify(one))))
    expect(read).toEqual(written)
  })

  it.each([
    undefined,
    {},
    { ...assessment({}), xsa: '112' },
    { ...assessment({}), evidence: 'run 417' },
    { ...assessment({}), severity: 'awful' },
    { ...assessment({}), impacts: ['rain'] },
    { ...assessment({}), condition: { fact: 'moon' } },
  ])('refuses %j', (json) => {
    expect(parseAssessment(json)).toBeUndefined()
  })
})

describe('assessmentGaps()', () => {
  it('finds none in an assessment with a judge, a reason, evidence and a judgement', () => {
    expect(assessmentGaps(assessment({ severity: 'low' }))).toEqual([])
  })

  it('lists all that is missing', () => {
    expect(assessmentGaps(assessment({ by: ' ', why: '', evidence: [''] }))).toEqual([
      'who judged',
      'why',
      'evidence',
      'a judgement: a severity, the impacts that remain, or a condition',
    ])
  })
})

describe('describeAssessment()', () => {
  it('says who judged what, and why', () => {
    expect(describeAssessment(assessment({ severity: 'low', impacts: [] }))).toBe(
      'XSA-112 judged low; impacts: none by A. Smith on 2014-12-01T00:00:00.000Z: No path leads there',
    )
  })
})
