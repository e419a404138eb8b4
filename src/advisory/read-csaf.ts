import type { Embargo } from './advisory.ts'
import type { JsonFields } from './json-fields.ts'
import { isRecord } from './json-fields.ts'
import { cvesIn } from './read-cves.ts'
import { impactsIn } from './read-impacts.ts'
import { type AdvisorySection, type AdvisoryStatement, emptyStatement } from './statement.ts'
import { xsaNumbersIn } from './xsa-numbers.ts'

export function isCsaf(value: unknown): boolean {
  return isRecord(value) && isRecord(value['document']) && 'csaf_version' in value['document']
}

/** What holds for every vulnerability of a document. */
interface DocumentFacts {
  readonly title: string | undefined
  readonly numbers: readonly number[]
  readonly revision: string | undefined
  readonly embargo: Embargo
  readonly reference: string
  readonly id: string
}

/**
 * Reads a CSAF 2.0 document (OASIS, "Common Security Advisory Framework Version 2.0").
 *
 * A vulnerability belongs to the advisory that its ids, title, notes or references name, or else to
 * the one that the document names; one that names none, or where the document names several, is
 * left alone.
 */
export function readCsaf(
  file: JsonFields,
  reference: string,
): readonly AdvisoryStatement[] | 'no-number' {
  const facts = readDocument(file, reference)
  const statements = file
    .objects('vulnerabilities')
    .flatMap((vulnerability) => readVulnerability(vulnerability, facts))
  if (statements.length > 0) {
    const extra = file.rest()
    return statements.map((statement) => ({ ...statement, extra }))
  }
  const [only, ...others] = facts.numbers
  if (only === undefined || others.length > 0) return 'no-number'
  return [{ ...commonStatement(only, facts), extra: file.rest() }]
}

function readDocument(file: JsonFields, reference: string): DocumentFacts {
  const document = file.object('document')
  const tracking = document?.object('tracking')
  const id = tracking?.text('id') ?? reference
  const title = document?.text('title')
  const label = document?.object('distribution')?.object('tlp')?.text('label')
  const references = JSON.stringify(document?.peek('references') ?? [])
  const named = xsaNumbersIn(`${id} ${title ?? ''}`)
  return {
    title,
    numbers: named.length > 0 ? named : xsaNumbersIn(references),
    revision: tracking?.instant('current_release_date'),
    embargo: embargoOf(label, tracking?.text('status'), tracking?.instant('initial_release_date')),
    reference,
    id,
  }
}

/** TLP 1 calls it WHITE, TLP 2 CLEAR. A draft, or any other label, is not for everybody. */
function embargoOf(
  label: string | undefined,
  status: string | undefined,
  released: string | undefined,
): Embargo {
  const open = label === undefined || /^(?:WHITE|CLEAR)$/i.test(label)
  if (!open || status === 'draft') return { state: 'P', dates: {} }
  return { state: 'A', dates: released === undefined ? {} : { A: released } }
}

function readVulnerability(
  vulnerability: JsonFields,
  facts: DocumentFacts,
): readonly AdvisoryStatement[] {
  const title = vulnerability.text('title')
  const own = xsaNumbersIn(
    `${title ?? ''} ${JSON.stringify([
      vulnerability.peek('ids') ?? [],
      vulnerability.peek('references') ?? [],
    ])}`,
  )
  const numbers = own.length > 0 ? own : facts.numbers
  if (own.length === 0 && numbers.length > 1) return []
  const sections = sectionsOf(vulnerability)
  const threats = vulnerability
    .objects('threats')
    .filter((threat) => threat.text('category') === 'impact')
    .map((threat) => threat.text('details') ?? '')
  return numbers.map((xsa) => ({
    ...commonStatement(xsa, facts),
    title: title ?? facts.title,
    cves: cvesIn(vulnerability.text('cve') ?? ''),
    publicAt: vulnerability.instant('release_date'),
    impacts: impactsIn(threats.join('\n\n')),
    sections,
  }))
}

function sectionsOf(vulnerability: JsonFields): readonly AdvisorySection[] {
  return vulnerability.objects('notes').flatMap((note) => {
    const text = note.text('text')?.trim()
    const heading = note.text('title') ?? note.text('category') ?? 'NOTE'
    return text === undefined || text === '' ? [] : [{ heading: heading.toUpperCase(), text }]
  })
}

function commonStatement(xsa: number, facts: DocumentFacts): AdvisoryStatement {
  return {
    ...emptyStatement(xsa, { kind: 'csaf-2.0', reference: facts.id }),
    revision: facts.revision,
    title: facts.title,
    embargo: facts.embargo,
    further: [{ kind: 'file', reference: facts.reference }],
  }
}
