import type { Advisory, FixedIn } from './advisory.ts'
import { NEVER_FIXED, xsaName } from './advisory.ts'
import type { BuildRecord } from './build-record.ts'
import type { TestFinding, Truth } from './condition.ts'
import type { FactName, HostFacts } from './host-facts.ts'
import { anyOf, truthOf } from './truth.ts'
import { compareXenVersions, parseXenVersion, type XenVersion } from './xen-version.ts'

/** The catalogue of builds, by build-id. */
export type BuildCatalogue = ReadonlyMap<string, BuildRecord>

/** Where the fix of one advisory is on one host. */
export interface FixPresence {
  /** In what runs: the build itself, or a fix in memory. */
  readonly memory: Truth
  /** In what the next boot starts. */
  readonly disk: Truth
}

/** A build, as far as a host tells: what runs, or what lies on disk. */
export interface BuildSeen {
  readonly buildId: string | undefined
  /** The point in history that it was made from, with nothing put in beyond it. */
  readonly sourceVersion: string | undefined
  /** What it calls itself. Fixes may have been put in beyond it. */
  readonly ownVersion: string | undefined
}

export function runningBuild(advisory: Pick<Advisory, 'component'>, facts: HostFacts): BuildSeen {
  switch (advisory.component) {
    case 'hypervisor':
      return {
        buildId: facts.buildId,
        sourceVersion: facts.sourceVersion,
        ownVersion: facts.xenVersion,
      }
    case 'toolstack':
      return { ...NOT_SEEN, sourceVersion: facts.toolstackVersion }
    case 'dom0-kernel':
      return { ...NOT_SEEN, ownVersion: facts.dom0Kernel }
    default:
      return NOT_SEEN
  }
}

export function buildOnDisk(advisory: Pick<Advisory, 'component'>, facts: HostFacts): BuildSeen {
  switch (advisory.component) {
    case 'hypervisor':
      return { ...NOT_SEEN, buildId: facts.diskBuildId, sourceVersion: facts.diskVersion }
    case 'toolstack':
      return { ...NOT_SEEN, sourceVersion: facts.toolstackVersion }
    default:
      return NOT_SEEN
  }
}

const NOT_SEEN: BuildSeen = {
  buildId: undefined,
  sourceVersion: undefined,
  ownVersion: undefined,
}

/**
 * Whether a build holds the advisory's fix.
 *
 * The advisory's list of builds and the catalogue speak of the exact build and go before what the
 * host's versions say. A version that is earlier than the fix settles it only if it names a point
 * in history. What a build calls itself does not: vendors put fixes in and keep the version.
 */
export function buildHoldsFix(
  advisory: Pick<Advisory, 'xsa' | 'fixedIn'>,
  build: BuildSeen,
  catalogue: BuildCatalogue,
): Truth {
  return holdsFix(readFixedIn(advisory), readBuild(build, catalogue))
}

/** Where an advisory's fix is, with its versions read. */
export interface FixLines {
  readonly xsa: number
  /** First version with the fix, by branch. */
  readonly since: ReadonlyMap<string, XenVersion>
  readonly buildIds: ReadonlySet<string>
  /** Whether a source says that there is no fix and will be none. */
  readonly never: boolean
}

/** A build, with its versions read and what the catalogue says of it. */
export interface BuildRead {
  readonly buildId: string | undefined
  readonly extraFixes: readonly number[]
  readonly version: XenVersion | undefined
  /** Whether the version names a point in history, and not only what the build calls itself. */
  readonly isPoint: boolean
}

/** The earliest version counts where a branch is listed twice: the fix is there from then on. */
export function readFixedIn({ xsa, fixedIn }: Pick<Advisory, 'xsa' | 'fixedIn'>): FixLines {
  const since = new Map<string, XenVersion>()
  for (const entry of fixedIn) {
    const first = entry.since === undefined ? undefined : parseXenVersion(entry.since)
    const known = since.get(entry.branch)
    if (first === undefined) continue
    if (known === undefined || compareXenVersions(first, known) === -1) {
      since.set(entry.branch, first)
    }
  }
  const buildIds = new Set(fixedIn.flatMap((entry) => entry.buildIds))
  return { xsa, since, buildIds, never: fixedIn.some((entry) => entry.since === NEVER_FIXED) }
}

export function readBuild(build: BuildSeen, catalogue: BuildCatalogue): BuildRead {
  const record = build.buildId === undefined ? undefined : catalogue.get(build.buildId)
  const point = record?.sourceVersion ?? build.sourceVersion
  const text = point ?? build.ownVersion
  return {
    buildId: build.buildId,
    extraFixes: record?.extraFixes ?? [],
    version: text === undefined ? undefined : parseXenVersion(text),
    isPoint: point !== undefined,
  }
}

export function holdsFix(lines: FixLines, build: BuildRead): Truth {
  // Before all else, so that what becomes known of a build does not change it.
  if (lines.never) return 'false'
  if (build.buildId !== undefined && lines.buildIds.has(build.buildId)) return 'true'
  if (build.extraFixes.includes(lines.xsa)) return 'true'
  if (build.version === undefined) return 'unknown'
  // What master held at a release is in all that came after it, on every branch.
  if (isAtLeast(build.version, lines.since.get('master')) === true) return 'true'
  const reached = isAtLeast(build.version, lines.since.get(build.version.branch))
  return reached === true || build.isPoint ? truthOf(reached) : 'unknown'
}

function isAtLeast(version: XenVersion, limit: XenVersion | undefined): boolean | undefined {
  const order = limit === undefined ? undefined : compareXenVersions(version, limit)
  return order === undefined ? undefined : order >= 0
}

/** Whether a fix for the advisory lies in memory over the build. */
export function memoryHoldsFix(
  advisory: Pick<Advisory, 'xsa' | 'component'>,
  facts: HostFacts,
): Truth {
  if (advisory.component !== 'hypervisor') return 'false'
  if (facts.memoryFixes === undefined) return 'unknown'
  const name = xsaName(advisory.xsa)
  return anyOf(
    facts.memoryFixes
      .filter((fix) => fix.advisory === name)
      .map((fix): Truth => {
        if (fix.state === 'applied') return 'true'
        return fix.state === 'not-applied' ? 'false' : 'unknown'
      }),
  )
}

export function fixPresence(
  advisory: FixSearch,
  facts: HostFacts,
  catalogue: BuildCatalogue,
): FixPresence {
  return {
    memory: anyOf([
      buildHoldsFix(advisory, runningBuild(advisory, facts), catalogue),
      memoryHoldsFix(advisory, facts),
    ]),
    disk: buildHoldsFix(advisory, buildOnDisk(advisory, facts), catalogue),
  }
}

/** The findings behind `fixPresence().memory`, in the form of a condition's. */
export function explainFixInMemory(
  advisory: FixSearch,
  facts: HostFacts,
  catalogue: BuildCatalogue,
): readonly TestFinding[] {
  const build = runningBuild(advisory, facts)
  const names = runningFactNames(advisory.component)
  const ofBuild = buildFinding(advisory, build, { what: 'what runs', catalogue, names })
  if (ofBuild.truth === 'true' || advisory.component !== 'hypervisor') return [ofBuild]
  const ofMemory = memoryFinding(advisory, facts)
  return ofMemory.truth === 'true' ? [ofMemory] : [ofBuild, ofMemory]
}

export function explainFixOnDisk(
  advisory: FixSearch,
  facts: HostFacts,
  catalogue: BuildCatalogue,
): TestFinding {
  const version = advisory.component === 'toolstack' ? 'toolstackVersion' : 'diskVersion'
  const names = { buildId: 'diskBuildId', sourceVersion: version, ownVersion: version } as const
  const build = buildOnDisk(advisory, facts)
  return buildFinding(advisory, build, { what: 'what is on disk', catalogue, names })
}

type FixSearch = Pick<Advisory, 'xsa' | 'component' | 'fixedIn'>

/** Which fact each part of a `BuildSeen` came from. */
type FactNames = Readonly<Record<keyof BuildSeen, FactName>>

function runningFactNames(component: Advisory['component']): FactNames {
  switch (component) {
    case 'toolstack':
      return all('toolstackVersion')
    case 'dom0-kernel':
      return all('dom0Kernel')
    default:
      return { buildId: 'buildId', sourceVersion: 'sourceVersion', ownVersion: 'xenVersion' }
  }
}

function all(fact: FactName): FactNames {
  return { buildId: fact, sourceVersion: fact, ownVersion: fact }
}

function buildFinding(
  advisory: FixSearch,
  build: BuildSeen,
  options: {
    readonly what: string
    readonly catalogue: BuildCatalogue
    readonly names: FactNames
  },
): TestFinding {
  const record = build.buildId === undefined ? undefined : options.catalogue.get(build.buildId)
  const point = record?.sourceVersion ?? build.sourceVersion ?? build.ownVersion
  const version = point === undefined ? undefined : parseXenVersion(point)
  const entry =
    advisory.fixedIn.find(({ branch }) => branch === version?.branch) ?? advisory.fixedIn[0]
  const since = entry?.since === undefined ? '' : ` (${entry.branch} since ${entry.since})`
  const lines = readFixedIn(advisory)
  const truth = holdsFix(lines, readBuild(build, options.catalogue))
  const isListed = build.buildId !== undefined && lines.buildIds.has(build.buildId)
  // Where nothing settles it, the build-id would: by a record of that build in the catalogue.
  const byBuildId = truth === 'unknown' || record !== undefined || isListed
  const found = [build.buildId, point].filter((part) => part !== undefined)
  return {
    fact: options.names[byBuildId ? 'buildId' : versionPart(build)],
    test: `${options.what} holds the fix of ${xsaName(advisory.xsa)}${since}`,
    truth,
    found: found.length > 0 ? found.join(', made from ') : undefined,
    source: fixSource(entry, record),
  }
}

function fixSource(entry: FixedIn | undefined, record: BuildRecord | undefined): string {
  const commit = entry?.commits[0]
  if (commit !== undefined) return `commit ${commit.slice(0, 12)}`
  return record?.source ?? 'no source says where the fix is'
}

function versionPart(build: BuildSeen): keyof BuildSeen {
  return build.sourceVersion === undefined ? 'ownVersion' : 'sourceVersion'
}

function memoryFinding(
  advisory: Pick<Advisory, 'xsa' | 'component'>,
  facts: HostFacts,
): TestFinding {
  const name = xsaName(advisory.xsa)
  const fixes = facts.memoryFixes?.filter((fix) => fix.advisory === name)
  const states = fixes?.map((fix) => `${fix.name} ${fix.state}`).join(', ')
  return {
    fact: 'memoryFixes',
    test: `a fix of ${name} lies in memory`,
    truth: memoryHoldsFix(advisory, facts),
    found: states === '' ? 'none' : states,
    source: `seen by ${facts.seenBy} at ${facts.seenAt}`,
  }
}
