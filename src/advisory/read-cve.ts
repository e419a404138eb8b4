import type { Embargo } from './advisory.ts'
import type { JsonFields } from './json-fields.ts'
import { isRecord } from './json-fields.ts'
import { impactsIn } from './read-impacts.ts'
import { type AdvisorySection, type AdvisoryStatement, emptyStatement } from './statement.ts'
import { xsaNumbersIn } from './xsa-numbers.ts'

/** Where a CVE record keeps the parts that an advisory's text has under these headings. */
const SECTIONS = [
  ['descriptions', 'ISSUE DESCRIPTION'],
  ['configurations', 'VULNERABLE SYSTEMS'],
  ['workarounds', 'MITIGATION'],
] as const

export function isCveRecord(value: unknown): boolean {
  return isRecord(value) && (value['dataType'] === 'CVE_RECORD' || 'cveMetadata' in value)
}

/**
 * Reads a CVE record in JSON 5.
 *
 * Xen's records name their advisory in the affected versions ("consult Xen advisory XSA-438") and
 * in a reference, and say nothing of versions otherwise. A record of several advisories makes a
 * statement for each.
 */
export function readCve(
  file: JsonFields,
  reference: string,
): readonly AdvisoryStatement[] | 'no-number' {
  const metadata = file.object('cveMetadata')
  const cna = file.object('containers')?.object('cna')
  const cve = metadata?.text('cveId')
  const numbers = numbersOf(cna)
  if (cve === undefined || numbers.length === 0) return 'no-number'
  const isPublished = metadata?.text('state') === 'PUBLISHED'
  const publicAt = cna?.instant('datePublic')
  const embargo: Embargo = isPublished
    ? { state: 'A', dates: publicAt === undefined ? {} : { A: publicAt } }
    : { state: 'P', dates: {} }
  const impactText = (cna?.objects('impacts') ?? []).flatMap(englishOf).join('\n\n')
  const sections: AdvisorySection[] = [
    ...SECTIONS.flatMap(([key, heading]) => sectionOf(heading, cna?.objects(key) ?? [])),
    ...(impactText === '' ? [] : [{ heading: 'IMPACT', text: impactText }]),
  ]
  const statement = {
    revision: metadata?.instant('dateUpdated'),
    title: cna?.text('title'),
    cves: [cve],
    publicAt,
    embargo,
    impacts: impactsIn(impactText),
    sections,
  }
  const extra = file.rest()
  return numbers.map((xsa) => ({
    ...emptyStatement(xsa, { kind: 'cve-5', reference: cve }),
    ...statement,
    further: [{ kind: 'file', reference }],
    extra,
  }))
}

/** By the versions' advice if it names an advisory, else by the references. */
function numbersOf(cna: JsonFields | undefined): readonly number[] {
  const affected = JSON.stringify(cna?.peek('affected') ?? [])
  const consulted = xsaNumbersIn(affected)
  if (consulted.length > 0) return consulted
  return xsaNumbersIn(JSON.stringify(cna?.peek('references') ?? []))
}

function sectionOf(heading: string, parts: readonly JsonFields[]): readonly AdvisorySection[] {
  const text = parts.flatMap((part) => textOf(part)).join('\n\n')
  return text === '' ? [] : [{ heading, text }]
}

/** The English texts of an impact. */
function englishOf(impact: JsonFields): readonly string[] {
  return impact.objects('descriptions').flatMap((part) => textOf(part))
}

function textOf(part: JsonFields): readonly string[] {
  const language = part.text('lang') ?? 'en'
  const text = part.text('value')
  return text === undefined || !language.startsWith('en') ? [] : [text.trim()]
}
