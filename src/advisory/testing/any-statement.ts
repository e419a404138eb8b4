import * as fc from 'fast-check'
import type { AdvisoryState, Embargo } from '../advisory.ts'
import type { AdvisoryStatement } from '../statement.ts'

/** Statements on a few advisories, from sources that may agree, disagree, or repeat themselves. */
export function anyStatement(): fc.Arbitrary<AdvisoryStatement> {
  return fc.record({
    formatVersion: fc.constant(1 as const),
    xsa: fc.integer({ min: 1, max: 4 }),
    source: fc.record({
      kind: fc.constantFrom('reweave', 'advisory-text', 'cve-5', 'csaf-2.0', 'xsa.json', 'meta'),
      reference: fc.constantFrom('a', 'b'),
    }),
    revision: fc.constantFrom(undefined, '0001', '0002'),
    title: fc.constantFrom(undefined, 'one title', 'another title'),
    cves: fc.uniqueArray(fc.constantFrom('CVE-2026-1000', 'CVE-2026-1001')),
    publicAt: anyInstant(),
    component: fc.constantFrom(undefined, 'hypervisor' as const, 'toolstack' as const),
    impacts: fc.constant([]),
    condition: fc.constant(undefined),
    fixedIn: fc.constant([]),
    embargo: fc.option(anyEmbargo(), { nil: undefined }),
    permission: fc.constantFrom(undefined, { permitted: 'yes' as const, sentence: 'It is.' }),
    recipe: fc.constant(undefined),
    sections: fc.constant([]),
    further: fc.constant([]),
    extra: fc.constantFrom({}, { x_new: 1 }),
  })
}

export function anyEmbargo(): fc.Arbitrary<Embargo> {
  const states: AdvisoryState[] = ['R', 'T', 'P', 'A', 'F', 'X']
  return fc.record({
    state: fc.constantFrom(...states),
    dates: anyInstant().map((at): Embargo['dates'] => (at === undefined ? {} : { A: at })),
  })
}

function anyInstant(): fc.Arbitrary<string | undefined> {
  return fc.constantFrom(undefined, '2026-01-01T12:00:00.000Z', '2026-06-01T12:00:00.000Z')
}
