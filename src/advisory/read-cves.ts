import type { JsonFields } from './json-fields.ts'

const CVE = /^CVE-\d{4}-\d{4,}$/

/** The CVE names of a field that holds one or a list. What is none is a problem, and is kept. */
export function readCves(fields: JsonFields, key: string): readonly string[] {
  const names = fields
    .texts(key)
    .map((name) => name.trim().toUpperCase())
    .filter((name) => name !== '')
  const cves = names.filter((name) => CVE.test(name))
  if (cves.length < names.length) fields.refuse(key, 'bad-field', 'Names of CVEs are wanted here')
  return [...new Set(cves)]
}

/** The CVE names in running text, in their order. */
export function cvesIn(text: string): readonly string[] {
  return [...new Set(text.match(/\bCVE-\d{4}-\d{4,}\b/g) ?? [])]
}
