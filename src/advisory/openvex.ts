import { xsaName } from './advisory.ts'
import type { VexDocumentFacts, VexHost, VexStatement, VexStatus } from './vex.ts'

/**
 * An OpenVEX document, version 0.2.0 of the specification (https://github.com/openvex/spec).
 *
 * An advisory with several CVEs makes a statement for each, with the advisory as an alias, since a
 * statement has one vulnerability.
 */
export function openVex(statements: readonly VexStatement[], facts: VexDocumentFacts): object {
  return {
    '@context': 'https://openvex.dev/ns/v0.2.0',
    '@id': `${facts.namespace.replace(/\/$/, '')}/vex/${encodeURIComponent(facts.id)}`,
    author: facts.author,
    timestamp: facts.at,
    version: 1,
    tooling: 'Reweave',
    statements: statements.flatMap(openVexStatements),
  }
}

function openVexStatements(statement: VexStatement): readonly object[] {
  const { advisory, status, justification, because, action, hosts } = statement
  const name = xsaName(advisory.xsa)
  const body = {
    products: hosts.map(productOf),
    status,
    ...(justification === undefined ? {} : { justification }),
    ...notesOf(status, because, action),
  }
  const described = advisory.title === undefined ? {} : { description: advisory.title }
  if (advisory.cves.length === 0) {
    return [{ vulnerability: { name, ...described }, ...body }]
  }
  return advisory.cves.map((cve) => ({
    vulnerability: { name: cve, ...described, aliases: [name] },
    ...body,
  }))
}

/**
 * The schema has the action of `affected` alone, and of `not_affected` a justification without a
 * statement of the impact: the reason then goes into the notes.
 */
function notesOf(status: VexStatus, because: string, action: string | undefined): object {
  if (action === undefined) return { status_notes: because }
  return status === 'affected'
    ? { status_notes: because, action_statement: action }
    : { status_notes: `${because}. ${action}` }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

function productOf(host: VexHost): object {
  const xen = host.buildId === undefined ? undefined : xenPurl(host.buildId, host.xenVersion)
  return {
    '@id': UUID.test(host.id)
      ? `urn:uuid:${host.id.toLowerCase()}`
      : `urn:reweave:host:${encodeURIComponent(host.id)}`,
    ...(xen === undefined ? {} : { subcomponents: [{ '@id': xen }] }),
  }
}

function xenPurl(buildId: string, version: string | undefined): string {
  const at = version === undefined ? '' : `@${encodeURIComponent(version)}`
  return `pkg:generic/xen${at}?build_id=${buildId}`
}
