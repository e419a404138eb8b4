import type { DecidingAdvisory } from '../../src/advisory/assess-host.ts'
import type { Condition } from '../../src/advisory/condition.ts'
import type { HostFacts } from '../../src/advisory/host-facts.ts'
import type { HostEntry } from '../../src/fleet/inventory.ts'
import { parseBuildId } from '../../src/image/build-id.ts'

/** Numbers in an order that is always the same: SplitMix32, so that runs can be compared. */
export function numbersFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x9e3779b9) | 0
    let mixed = state ^ (state >>> 16)
    mixed = Math.imul(mixed, 0x21f0aaad)
    mixed ^= mixed >>> 15
    mixed = Math.imul(mixed, 0x735a2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) % below
  }
}

const FEATURES = Array.from({ length: 24 }, (_, index) => `feature-${index}`)
const CPU_FEATURES = Array.from({ length: 80 }, (_, index) => `flag-${index}`)
const OPTIONS = Array.from({ length: 60 }, (_, index) => `CONFIG_OPTION_${index}`)

/**
 * Hosts as a large fleet has them: some builds, some kinds of machine, any mix of guests.
 *
 * With `allDifferent` each has a build of its own, so that no two can be judged together.
 */
export function madeUpHosts(
  count: number,
  options: { readonly allDifferent: boolean },
): readonly HostEntry[] {
  const pick = numbersFrom(count)
  return Array.from({ length: count }, (_, index) => {
    const build = options.allDifferent ? index : pick(40)
    return {
      id: `host-${index}`,
      name: `h${index}`,
      pool: `pool-${index % 500}`,
      zone: `zone-${index % 20}`,
      facts: madeUpFacts(build, pick),
    }
  })
}

export function madeUpFacts(build: number, pick: (below: number) => number): HostFacts {
  const buildId = parseBuildId((build + 1).toString(16).padStart(40, '0'))
  const kind = pick(12)
  return {
    seenAt: '2026-11-21T12:00:00.000Z',
    seenBy: 'bench',
    architecture: 'x86_64',
    xenVersion: `4.${15 + (build % 5)}.${build % 7}`,
    sourceVersion: `4.${15 + (build % 5)}.${build % 7}+${build % 90}`,
    buildId,
    diskBuildId: buildId,
    config: {
      options: Object.fromEntries(OPTIONS.filter((_, at) => (at + build) % 3).map((o) => [o, 'y'])),
      whole: true,
    },
    // Counts differ from host to host; what conditions ask is whether there are any.
    guestTypes: { pv: pick(3) * pick(9), pv32: 0, pvh: pick(2) * pick(20), hvm: pick(60) },
    dom0Type: 'pv',
    pciPassthrough: pick(10) === 0,
    cpuVendor: kind % 3 === 0 ? 'amd' : 'intel',
    cpuFeatures: { present: CPU_FEATURES.filter((_, at) => (at + kind) % 4), absent: 'rest' },
    paging: { present: ['hap'], absent: 'rest' },
    toolstack: 'xapi',
    features: {
      present: FEATURES.filter((_, at) => (at + kind) % 5 === 0),
      absent: pick(20) === 0 ? [] : 'rest',
    },
    commandLine: `dom0_mem=4G iommu=${pick(4) === 0 ? 'strict' : 'dom0-passthrough'} ucode=scan`,
    memoryFixes: [],
  }
}

/** Advisories of the shape that Xen's have: versions, guests, then two to six more facts. */
export function madeUpAdvisories(count: number): readonly DecidingAdvisory[] {
  const pick = numbersFrom(count)
  return Array.from({ length: count }, (_, index) => ({
    xsa: index + 1,
    component: 'hypervisor',
    impacts: [],
    condition: {
      all: [
        { fact: 'xenVersion', test: 'at-least', value: `4.${pick(18)}`, source: 'a sentence' },
        { fact: 'guestTypes', test: 'has', value: anyOf(['pv', 'pvh', 'hvm'], pick), source: 's' },
        { any: Array.from({ length: 2 + pick(5) }, () => madeUpTest(pick)) },
      ],
    },
    fixedIn: [15, 16, 17, 18, 19].map((minor) => ({
      branch: `4.${minor}`,
      commits: [],
      since: `4.${minor}.${pick(7)}+${pick(90)}`,
      buildIds: [],
      packages: [],
    })),
  }))
}

function madeUpTest(pick: (below: number) => number): Condition {
  const source = 'a sentence'
  switch (pick(5)) {
    case 0:
      return { fact: 'features', test: 'has', value: anyOf(FEATURES, pick), source }
    case 1:
      return { fact: 'cpuFeatures', test: 'lacks', value: anyOf(CPU_FEATURES, pick), source }
    case 2:
      return { fact: 'config', test: 'is', option: anyOf(OPTIONS, pick), value: 'y', source }
    case 3:
      return { not: { fact: 'cpuVendor', test: 'equals', value: 'amd', source } }
    default:
      return { fact: 'commandLine', test: 'has', value: 'iommu=strict', source }
  }
}

function anyOf(words: readonly string[], pick: (below: number) => number): string {
  // `pick` is below the length.
  return words[pick(words.length)] as string
}
