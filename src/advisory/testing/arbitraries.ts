import * as fc from 'fast-check'
import type { Condition, FactTest } from '../condition.ts'
import type { GuestCounts, HostFacts, PartialSet } from '../host-facts.ts'
import { parseBuildId } from '../../image/build-id.ts'
import type { BuildRecord } from '../build-record.ts'
import type { DecidingAdvisory } from '../assess-host.ts'

// Few words on purpose: tests and facts have to meet often for a property to say anything.
const VERSIONS = [
  '4.17.5',
  '4.17.5+72',
  '4.17.6-pre',
  '4.17.7',
  '4.18.0',
  '4.18-unstable',
  '4.20.1',
]
const FEATURES = ['oxenstored', 'viridian', 'vpci'] as const
const OPTIONS = ['CONFIG_PV32', 'CONFIG_SHADOW_PAGING'] as const
const IDS = ['11'.repeat(20), '22'.repeat(20), '33'.repeat(20)].flatMap(
  (text) => parseBuildId(text) ?? [],
)

const source = fc.constant('a sentence')
const versions = fc.constantFrom(...VERSIONS)
const versionFact = fc.constantFrom('xenVersion', 'sourceVersion', 'diskVersion')

export const factTests: fc.Arbitrary<FactTest> = fc.oneof(
  fc.record({
    fact: fc.constantFrom('architecture', 'toolstack', 'cpuVendor'),
    test: fc.constant('equals'),
    value: fc.constantFrom('x86_64', 'arm64', 'xl', 'amd'),
    source,
  }),
  fc.record({
    fact: fc.constant('pciPassthrough'),
    test: fc.constant('equals'),
    value: fc.boolean(),
    source,
  }),
  fc.record({
    fact: fc.constant('cpuVendor'),
    test: fc.constant('one-of'),
    values: fc.subarray(['intel', 'amd', 'hygon'], { minLength: 1 }),
    source,
  }),
  fc.record({
    fact: versionFact,
    test: fc.constantFrom('before', 'at-least'),
    value: versions,
    source,
  }),
  fc.record({
    fact: versionFact,
    test: fc.constant('between'),
    from: versions,
    until: versions,
    source,
  }),
  fc.record({
    fact: fc.constant('guestTypes'),
    test: fc.constantFrom('has', 'lacks'),
    value: fc.constantFrom('pv', 'pv32', 'pvh', 'hvm'),
    source,
  }),
  fc.record({
    fact: fc.constant('features'),
    test: fc.constantFrom('has', 'lacks'),
    value: fc.constantFrom(...FEATURES),
    source,
  }),
  fc.record({
    fact: fc.constant('commandLine'),
    test: fc.constantFrom('has', 'lacks'),
    value: fc.constantFrom('iommu=strict', 'hap=0'),
    source,
  }),
  fc.record({
    fact: fc.constant('config'),
    test: fc.constant('is'),
    option: fc.constantFrom(...OPTIONS),
    value: fc.constantFrom('y', 'n'),
    source,
  }),
)

export const conditions: fc.Arbitrary<Condition> = fc.letrec<{ condition: Condition }>((tie) => {
  const parts = fc.array(tie('condition'), { minLength: 1, maxLength: 4 })
  return {
    condition: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      factTests,
      fc.record({ all: parts }),
      fc.record({ any: parts }),
      fc.record({ not: tie('condition') }),
    ),
  }
}).condition

/** Facts all of which are known. */
export const wholeFacts: fc.Arbitrary<HostFacts> = fc.record({
  seenAt: fc.constant('2026-11-21T12:00:00.000Z'),
  seenBy: fc.constant('a test'),
  architecture: fc.constantFrom('x86_64', 'arm64'),
  xenVersion: versions,
  buildId: fc.constantFrom(...IDS),
  sourceVersion: versions,
  diskBuildId: fc.constantFrom(...IDS),
  diskVersion: versions,
  cpuVendor: fc.constantFrom('intel', 'amd'),
  toolstack: fc.constantFrom('xl', 'xapi'),
  pciPassthrough: fc.boolean(),
  guestTypes: fc
    .record({ pv: fc.nat(2), pv32: fc.nat(2), pvh: fc.nat(2), hvm: fc.nat(2) })
    .map((counts) => ({ ...counts, pv: counts.pv + counts.pv32 })),
  features: fc.subarray([...FEATURES]).map((present): PartialSet => ({ present, absent: 'rest' })),
  config: fc.record({
    options: fc.dictionary(fc.constantFrom(...OPTIONS), fc.constant('y'), { maxKeys: 2 }),
    whole: fc.constant(true),
  }),
  commandLine: fc
    .subarray(['iommu=strict,verbose', 'hap=0', 'ucode=scan'])
    .map((words) => words.join(' ')),
  memoryFixes: fc.array(
    fc.record({
      name: fc.constant('a-fix'),
      advisory: fc.constantFrom('XSA-1', 'XSA-2'),
      channel: fc.constantFrom('dma', 'livepatch'),
      state: fc.constantFrom('applied', 'not-applied', 'inconsistent', 'foreign', 'unknown'),
    }),
    // Nothing over the build, most of the time.
    { maxLength: 2, size: 'xsmall' },
  ),
})

/**
 * The facts without versions that contradict what is known of the build by its build-id.
 *
 * What becomes known of one host never contradicts what was: a property of growing knowledge says
 * nothing of facts that are wrong.
 */
export function consistent(
  facts: HostFacts,
  options: {
    readonly of: HostFacts
    readonly advisory: DecidingAdvisory
    readonly catalogue: ReadonlyMap<string, BuildRecord>
  },
): HostFacts {
  const { of, advisory, catalogue } = options
  const isKnown = (buildId: string | undefined): boolean =>
    buildId !== undefined &&
    (catalogue.has(buildId) ||
      advisory.fixedIn.some(({ buildIds }) => buildIds.some((id) => id === buildId)))
  const { xenVersion, sourceVersion, diskVersion, ...others } = facts
  const own = xenVersion && (of.sourceVersion ?? xenVersion)
  return {
    ...others,
    ...(isKnown(of.buildId) ? {} : { xenVersion: own, sourceVersion }),
    ...(isKnown(of.diskBuildId) ? {} : { diskVersion }),
  }
}

/** The same host seen twice: `known` says all that `part` says, and more. */
export const growingFacts: fc.Arbitrary<{ part: HostFacts; known: HostFacts }> = fc
  .record({
    whole: wholeFacts,
    dice: fc.array(fc.nat(999), { minLength: 40, maxLength: 40 }),
    // Of a thousand facts, how many are missing. Hosts of which all is known are hosts too.
    missing: fc.constantFrom([0, 0], [0, 100], [50, 300], [150, 500]),
  })
  .map(({ whole, dice, missing: [later = 0, earlier = 0] }) => ({
    known: forget(whole, (index) => (dice[index] ?? 0) < later),
    part: forget(whole, (index) => (dice[index] ?? 0) < earlier),
  }))

/** Facts of which any may be missing, and sets may be known in part. */
export const someFacts: fc.Arbitrary<HostFacts> = growingFacts.map(({ part }) => part)

export const advisories: fc.Arbitrary<DecidingAdvisory> = fc.record({
  xsa: fc.constantFrom(1, 2),
  component: fc.constantFrom(
    'hypervisor',
    'hypervisor',
    'hypervisor',
    'hypervisor',
    'toolstack',
    'dom0-kernel',
    'unknown',
  ),
  condition: fc.option(conditions, { nil: undefined, freq: 10 }),
  impacts: fc.array(
    fc.record({
      kind: fc.constantFrom('privilege-escalation', 'denial-of-service', 'information-leak'),
      by: fc.constant(undefined),
      source,
    }),
    { maxLength: 2 },
  ),
  fixedIn: fc.array(
    fc.record({
      branch: fc.constantFrom('4.17', '4.18', 'master'),
      commits: fc.constant(['0123abc']),
      since: fc.constantFrom('4.17.5+80', '4.17.7', '4.18.2', 'never', ...VERSIONS, undefined),
      buildIds: fc.oneof(
        { arbitrary: fc.constant([]), weight: 3 },
        { arbitrary: fc.subarray(IDS, { maxLength: 1 }), weight: 1 },
      ),
      packages: fc.constant([]),
    }),
    { maxLength: 3 },
  ),
})

export const catalogues: fc.Arbitrary<ReadonlyMap<string, BuildRecord>> = fc
  .array(
    fc.record({
      buildId: fc.constantFrom(...IDS),
      sourceVersion: versions,
      package: fc.constant(undefined),
      extraFixes: fc.subarray([1, 2]),
      source: fc.constant('a changelog'),
    }),
    { maxLength: 2 },
  )
  .map((records) => new Map(records.map((record) => [record.buildId, record])))

/** The facts without those that `drop` picks, by number; members of sets have numbers of their own. */
function forget(facts: HostFacts, drop: (index: number) => boolean): HostFacts {
  const kept = Object.fromEntries(
    Object.entries(facts).filter(
      ([name], index) => name === 'seenAt' || name === 'seenBy' || !drop(index),
    ),
  ) as unknown as HostFacts
  return {
    ...kept,
    ...(kept.guestTypes && { guestTypes: forgetCounts(kept.guestTypes, drop) }),
    ...(kept.features && { features: forgetMembers(kept.features, drop) }),
    ...(kept.config && drop(38) && { config: { ...kept.config, whole: false } }),
  }
}

function forgetCounts(counts: GuestCounts, drop: (index: number) => boolean): GuestCounts {
  return Object.fromEntries(Object.entries(counts).filter((_, index) => !drop(20 + index)))
}

function forgetMembers(set: PartialSet, drop: (index: number) => boolean): PartialSet {
  const known = FEATURES.filter((_, index) => !drop(30 + index))
  return {
    present: known.filter((member) => set.present.includes(member)),
    absent: known.filter((member) => !set.present.includes(member)),
  }
}
