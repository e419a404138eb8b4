import { xsaName } from './advisory.ts'
import type { VexDocumentFacts, VexHost, VexStatement, VexStatus } from './vex.ts'

/** Where CSAF lists the products of each status (CSAF 2.0, 3.2.3.9). */
const STATUS_LIST: Readonly<Record<VexStatus, string>> = {
  affected: 'known_affected',
  not_affected: 'known_not_affected',
  fixed: 'fixed',
  under_investigation: 'under_investigation',
}

/**
 * A VEX document in CSAF 2.0, profile 5 (OASIS, "Common Security Advisory Framework Version 2.0",
 * section 4.5): every vulnerability has an identifier, notes and statuses; every product that is not
 * affected says why; every product that is says what to do.
 *
 * An advisory with several CVEs makes a vulnerability for each, as CSAF has one CVE in each.
 */
export function csafVex(statements: readonly VexStatement[], facts: VexDocumentFacts): object {
  const hosts = hostsOf(statements)
  const byAdvisory = Map.groupBy(statements, ({ advisory }) => advisory)
  const named = new Set<string>()
  return {
    document: {
      category: 'csaf_vex',
      csaf_version: '2.0',
      // The document names an operator's hosts.
      distribution: { tlp: { label: 'AMBER' } },
      lang: 'en',
      publisher: { category: 'user', name: facts.author, namespace: facts.namespace },
      title: `Xen hosts of ${facts.author}: which advisories affect them`,
      tracking: {
        current_release_date: facts.at,
        generator: { engine: { name: 'Reweave' } },
        id: facts.id,
        initial_release_date: facts.at,
        revision_history: [{ date: facts.at, number: '1', summary: 'As the hosts were seen' }],
        status: 'final',
        version: '1',
      },
    },
    product_tree: { full_product_names: hosts.map(productOf) },
    vulnerabilities: [...byAdvisory.values()].flatMap((one) => vulnerabilitiesOf(one, named)),
  }
}

function hostsOf(statements: readonly VexStatement[]): readonly VexHost[] {
  const hosts = new Map(statements.flatMap((one) => one.hosts).map((host) => [host.id, host]))
  return [...hosts.values()].sort((a, b) => (a.id < b.id ? -1 : Number(a.id > b.id)))
}

function productOf(host: VexHost): object {
  const version = host.xenVersion === undefined ? '' : ` ${host.xenVersion}`
  const build = host.buildId === undefined ? '' : `, build-id ${host.buildId}`
  return {
    name: `Xen${version} on ${host.name}${build}`,
    product_id: host.id,
    product_identification_helper: { serial_numbers: [host.id] },
  }
}

/** `named` are the CVEs that the document has: CSAF lets each name one vulnerability (6.1.23). */
function vulnerabilitiesOf(
  statements: readonly VexStatement[],
  named: Set<string>,
): readonly object[] {
  const [first] = statements
  if (first === undefined) return []
  const { advisory } = first
  const name = xsaName(advisory.xsa)
  const idsOf = ({ hosts }: VexStatement): readonly string[] => hosts.map(({ id }) => id)
  const lists = Map.groupBy(statements, ({ status }) => STATUS_LIST[status])
  const flags = statements.flatMap((one) =>
    one.justification === undefined ? [] : [{ label: one.justification, product_ids: idsOf(one) }],
  )
  const remediations = statements.flatMap((one) => remediationOf(one, idsOf(one)))
  const common = {
    ...(flags.length === 0 ? {} : { flags }),
    ids: [{ system_name: 'Xen Security Advisories', text: name }],
    notes: [
      { category: 'summary', text: advisory.title ?? name, title: name },
      ...statements.map(({ status, because, hosts }) => ({
        category: 'details',
        text: `${STATUS_LIST[status]}, ${hosts.length} of the hosts: ${because}`,
      })),
    ],
    product_status: Object.fromEntries(
      [...lists].map(([list, those]) => [list, those.flatMap(idsOf)] as const).sort(byFirst),
    ),
    references: [
      {
        category: 'external',
        summary: name,
        url: `https://xenbits.xen.org/xsa/advisory-${advisory.xsa}.html`,
      },
    ],
    ...(remediations.length === 0 ? {} : { remediations }),
    threats: statements.map((one) => ({
      category: 'impact',
      details: one.because,
      product_ids: idsOf(one),
    })),
    title: advisory.title ?? name,
  }
  const cves = advisory.cves.filter((cve) => !named.has(cve))
  for (const cve of cves) named.add(cve)
  return cves.length === 0 ? [common] : cves.map((cve) => ({ cve, ...common }))
}

/** The order of keys that CSAF recommends (6.2.13). */
function byFirst(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : Number(a[0] > b[0])
}

function remediationOf(statement: VexStatement, ids: readonly string[]): readonly object[] {
  const { action, advisory, status } = statement
  if (action === undefined) return []
  const isFixed = advisory.fixedIn.length > 0 || status === 'fixed'
  return [
    { category: isFixed ? 'vendor_fix' : 'none_available', details: action, product_ids: ids },
  ]
}
