import type { Advisory } from './advisory.ts'
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
 * host's versions say. A version that is earlier than the fix settles it only if it names a point in history. What a
 * build calls itself does not: vendors put fixes in and keep the version.
 */
export function buildHoldsFix(
  advisory: Pick<Advisory, 'xsa' | 'fixedIn'>,
  build: BuildSeen,
  catalogue: BuildCatalogue,
): Truth {
  const record = build.buildId === undefined ? undefined : catalogue.get(build.buildId)
  if (lists(advisory, build)) return 'true'
  if (record?.extraFixes.includes(advisory.xsa) === true) return 'true'
  if (advisory.fixedIn.some(({ since }) => since === NEVER_FIXED)) return 'false'
  const point = record?.sourceVersion ?? build.sourceVersion
  if (point !== undefined) return truthOf(reaches(advisory, point))
  const own = build.ownVersion
  return own !== undefined && reaches(advisory, own) === true ? 'true' : 'unknown'
}

function lists(advisory: Pick<Advisory, 'fixedIn'>, { buildId }: BuildSeen): boolean {
  return advisory.fixedIn.some(({ buildIds }) => buildIds.some((id) => id === buildId))
}

/** Whether the version comes at or after the fix on its branch. Undefined if that is not known. */
function reaches(advisory: Pick<Advisory, 'fixedIn'>, text: string): boolean | undefined {
  const version = parseXenVersion(text)
  if (version === undefined) return undefined
  let onBranch: boolean | undefined
  for (const { branch, since } of advisory.fixedIn) {
    const first = since === undefined ? undefined : parseXenVersion(since)
    if (first === undefined) continue
    const reached = isAtLeast(version, first)
    // What master held at a release is in all that came after it, on every branch.
    if (branch === 'master' && reached === true) return true
    if (branch === version.branch) onBranch = reached
  }
  return onBranch
}

function isAtLeast(version: XenVersion, limit: XenVersion): boolean | undefined {
  const order = compareXenVersions(version, limit)
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
  const ofBuild = buildFinding(advisory, build, { catalogue, names })
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
  return buildFinding(advisory, buildOnDisk(advisory, facts), { catalogue, names })
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
  options: { readonly catalogue: BuildCatalogue; readonly names: FactNames },
): TestFinding {
  const record = build.buildId === undefined ? undefined : options.catalogue.get(build.buildId)
  const point = record?.sourceVersion ?? build.sourceVersion ?? build.ownVersion
  const version = point === undefined ? undefined : parseXenVersion(point)
  const entry =
    advisory.fixedIn.find(({ branch }) => branch === version?.branch) ?? advisory.fixedIn[0]
  const since = entry?.since === undefined ? '' : ` (${entry.branch} since ${entry.since})`
  const truth = buildHoldsFix(advisory, build, options.catalogue)
  // Where nothing settles it, the build-id would: by a record of that build in the catalogue.
  const byBuildId = truth === 'unknown' || record !== undefined || lists(advisory, build)
  const found = [build.buildId, point].filter((part) => part !== undefined)
  return {
    fact: options.names[byBuildId ? 'buildId' : versionPart(build)],
    test: `the build holds the fix of ${xsaName(advisory.xsa)}${since}`,
    truth,
    found: found.length > 0 ? found.join(', made from ') : undefined,
    source: entry?.commits[0] ?? record?.source ?? 'no source says where the fix is',
  }
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
