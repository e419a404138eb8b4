import { type Advisory, xsaName } from './advisory.ts'
import type { TestFinding } from './condition.ts'
import type { WholeView } from './embargo.ts'
import type { Exposure } from './exposure.ts'
import type { FactName, Instant } from './host-facts.ts'

/**
 * What Reweave tells other scanners of each host, before it takes the form of a VEX document.
 *
 * @module
 */

/** The four statuses of VEX, as OpenVEX spells them. */
export type VexStatus = 'affected' | 'not_affected' | 'fixed' | 'under_investigation'

/** Why a host is not affected, by VEX's own list. CSAF and OpenVEX share these. */
export type VexJustification =
  | 'vulnerable_code_not_present'
  | 'vulnerable_code_not_in_execute_path'
  | 'vulnerable_code_cannot_be_controlled_by_adversary'

/** A host as a product of VEX. */
export interface VexHost {
  readonly id: string
  readonly name: string
  readonly xenVersion: string | undefined
  readonly buildId: string | undefined
}

/** One advisory with its verdict on each host. */
export interface VexSubject {
  readonly view: WholeView
  readonly hosts: readonly { readonly host: VexHost; readonly exposure: Exposure }[]
}

/** Who makes the document, and when. */
export interface VexDocumentFacts {
  readonly author: string
  /** A URI that the author controls. */
  readonly namespace: string
  /** Distinguishes this document from the author's others. */
  readonly id: string
  readonly at: Instant
}

/** One status of one advisory, with all hosts that have it for the same reason. */
export interface VexStatement {
  readonly advisory: Advisory
  readonly status: VexStatus
  readonly justification: VexJustification | undefined
  /** Why the status holds. */
  readonly because: string
  /** What is left to do. Undefined where nothing is. */
  readonly action: string | undefined
  readonly hosts: readonly VexHost[]
}

/**
 * The statements of a VEX document, by advisory.
 *
 * A document is made to leave the system, so embargoed advisories are left out whoever asks. `fixed`
 * is what memory holds: a host whose fix is only on disk is still affected.
 */
export function vexStatements(subjects: readonly VexSubject[]): readonly VexStatement[] {
  return subjects
    .filter(({ view }) => !view.embargoed)
    .flatMap(({ view: { advisory }, hosts }) => {
      const groups = new Map<string, VexStatement & { readonly hosts: VexHost[] }>()
      for (const { host, exposure } of hosts) {
        const said = sayOf(advisory, exposure)
        const key = JSON.stringify(said)
        const group = groups.get(key)
        if (group === undefined) groups.set(key, { advisory, ...said, hosts: [host] })
        else group.hosts.push(host)
      }
      return [...groups.values()]
    })
}

type Said = Omit<VexStatement, 'advisory' | 'hosts'>

function sayOf(advisory: Advisory, exposure: Exposure): Said {
  const because = describeFindings(exposure.because)
  switch (exposure.verdict) {
    case 'not-affected':
      return {
        status: 'not_affected',
        justification: justificationOf(exposure.because),
        because,
        action: undefined,
      }
    case 'affected':
      return { status: 'affected', justification: undefined, because, action: actionFor(advisory) }
    case 'unknown':
      return {
        status: 'under_investigation',
        justification: undefined,
        because: `Not known of the host: ${[...exposure.missing].sort().join(', ')}`,
        action: undefined,
      }
    case 'fixed':
      return sayOfFixed(exposure.memory, exposure.disk, because)
  }
}

function sayOfFixed(memory: string, disk: string, because: string): Said {
  const base = { justification: undefined, because }
  if (memory === 'true') {
    const onDisk = disk === 'true'
    const action = onDisk ? undefined : 'Update the package on disk too: a reboot takes the fix out'
    return { ...base, status: 'fixed', action }
  }
  return memory === 'false'
    ? { ...base, status: 'affected', action: 'The fix is on disk: boot it, or mend the memory' }
    : { ...base, status: 'under_investigation', action: undefined }
}

function actionFor(advisory: Advisory): string {
  const packages = advisory.fixedIn.flatMap((fix) =>
    fix.packages.map(({ distribution, name, version }) => `${distribution} ${name} ${version}`),
  )
  const commits = advisory.fixedIn.flatMap(({ branch, commits: [first] }) =>
    first === undefined ? [] : [`${branch} at ${first}`],
  )
  const fixes = packages.length > 0 ? packages : commits
  return fixes.length > 0
    ? `Install the fix of ${xsaName(advisory.xsa)}: ${fixes.join('; ')}`
    : `Follow ${xsaName(advisory.xsa)}; no fix is known here`
}

/** Facts that say which code there is, and facts that say who can reach it. */
const OF_THE_CODE: ReadonlySet<FactName> = new Set([
  'architecture',
  'xenVersion',
  'sourceVersion',
  'buildId',
  'config',
  'toolstackVersion',
  'dom0Kernel',
])
const OF_THE_ATTACKER: ReadonlySet<FactName> = new Set(['guestTypes', 'pciPassthrough'])

/** The weakest of the three that all deciding facts allow. */
function justificationOf(because: readonly TestFinding[]): VexJustification {
  if (because.length === 0) return 'vulnerable_code_not_in_execute_path'
  if (because.every(({ fact }) => OF_THE_CODE.has(fact))) return 'vulnerable_code_not_present'
  if (because.every(({ fact }) => OF_THE_ATTACKER.has(fact))) {
    return 'vulnerable_code_cannot_be_controlled_by_adversary'
  }
  return 'vulnerable_code_not_in_execute_path'
}

function describeFindings(because: readonly TestFinding[]): string {
  const texts = because.map(({ test, found }) => `${test} (found ${found ?? 'not known'})`)
  return texts.length === 0 ? 'No fact of the host decides it' : texts.join('; ')
}
