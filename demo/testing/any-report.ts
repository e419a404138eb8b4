import * as fc from 'fast-check'
import type { DemoReport, GuestHeartbeat, Phase } from '../report.ts'

// Any number at all, and the ones that a real report holds, so that both are met often.
const anyNumber = fc.oneof(fc.double(), fc.integer({ min: -100, max: 100_000 }), fc.constant(0))
const anyMoment = fc.oneof(fc.double(), fc.integer({ min: 0, max: 100_000 }))

/** Text with markup, escapes of a terminal, half surrogates and whatever else a string can hold. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 }).map((units) => {
    return String.fromCharCode(...units)
  }),
  fc.constantFrom(
    '',
    '<script>alert(1)</script>',
    '" onload="alert(1)',
    "'><img src=x onerror=alert(1)>",
    ']]>--></style></title>',
    '&lt;&#0;',
    '\u001b[2J\u001b]0;title\u0007',
    '\u202egnp.exe',
    '0f87c70000',
    '2026-08-01T09:28:25.000Z',
  ),
)

const anyCost = fc.record({ bytes: anyNumber, seconds: anyNumber })

const anyPhase: fc.Arbitrary<Phase> = fc.record({
  name: fc.constantFrom(
    'quiet',
    'apply',
    'quiet-before-revert',
    'revert',
    'quiet-before-again',
    'apply-again',
  ),
  fromMs: anyMoment,
  toMs: anyMoment,
})

const anyGuest: fc.Arbitrary<GuestHeartbeat> = fc.record({
  type: fc.constantFrom('pv', 'pvh'),
  beats: fc.array(fc.record({ number: anyNumber, atMs: anyMoment }), { maxLength: 30 }),
  quietMaxGapMs: anyNumber,
  applyMaxGapMs: anyNumber,
  revertMaxGapMs: anyNumber,
  applyAllowedMs: anyNumber,
  revertAllowedMs: anyNumber,
  missingBeats: anyNumber,
  held: fc.boolean(),
})

/** Any value of the report's type, sense or none. */
export const anyReport: fc.Arbitrary<DemoReport> = fc
  .record({
    report: fc.record({
      ok: fc.boolean(),
      startedAt: anyText,
      xen: fc.record({ version: anyText, buildId: anyText, packageVersion: anyText }),
      fix: fc.record({ name: anyText, advisory: anyText, title: anyText }),
      engine: anyText,
      probe: fc.record(
        { before: anyNumber, after: anyNumber, reverted: anyNumber },
        { requiredKeys: [] },
      ),
      bytes: fc.record(
        {
          planned: anyNumber,
          changed: anyNumber,
          foreign: anyNumber,
          afterRevert: anyNumber,
          comparedSections: fc.array(anyText, { maxLength: 4 }),
          comparedBytes: anyNumber,
        },
        { requiredKeys: ['planned', 'changed', 'foreign', 'comparedSections', 'comparedBytes'] },
      ),
      heartbeat: fc.dictionary(anyText, anyGuest, { maxKeys: 3 }),
      phases: fc.array(anyPhase, { maxLength: 7 }),
      writes: fc.array(
        fc.record({
          role: anyText,
          place: anyText,
          address: anyText,
          before: anyText,
          after: anyText,
          why: anyText,
        }),
        { maxLength: 4 },
      ),
      dma: fc.record({ bytes: anyNumber, transfers: anyNumber, revertBytes: anyNumber }),
      cost: fc.record({ identify: anyCost, write: anyCost, verify: anyCost }),
      seconds: fc.dictionary(anyText, anyNumber, { maxKeys: 4 }),
      steps: fc.array(
        fc.record({
          name: anyText,
          title: anyText,
          seconds: anyNumber,
          held: fc.boolean(),
          finding: anyText,
        }),
        { maxLength: 5 },
      ),
    }),
    failure: fc.option(anyText, { nil: undefined }),
  })
  .map(({ report, failure }) => (failure === undefined ? report : { ...report, failure }))
