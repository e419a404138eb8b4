import type { DeploymentPermission, Embargo } from './advisory.ts'
import { parseInstant } from './instant.ts'
import { cvesIn } from './read-cves.ts'
import { impactsIn, sentencesOf } from './read-impacts.ts'
import { type AdvisorySection, type AdvisoryStatement, emptyStatement } from './statement.ts'

/** What a text is recognised by; its number may stand on a later line, after many CVEs. */
const HEADER =
  /^[ \t]*Xen Security Advisory\b(?!\s+\d+\s+v\d)([\s\S]{0,600}?)\bXSA-(\d{1,7})\b([^\n]*)/m

/**
 * Reads the text of an advisory, as it is mailed and published: signed or not, in a mail or
 * quoted in one.
 *
 * It is prose. The reading takes what its fixed form gives (number, CVEs, version, title, sections,
 * the permission to deploy) and impacts that it names in so many words. Who is affected it leaves
 * to people: a condition is written by hand.
 */
export function readAdvisoryText(text: string, reference: string): AdvisoryStatement | undefined {
  const lines = unquoted(text)
  const header = HEADER.exec(lines)
  const xsa = Number(header?.[2] ?? 0)
  if (header === null || xsa === 0) return undefined
  const body = withoutSignature(lines.slice(header.index + header[0].length))
  const { preamble, sections } = splitSections(body)
  const section = (heading: string): string | undefined =>
    sections.find((one) => one.heading.startsWith(heading))?.text
  const version = /^\s*version (\d+)\s*$/m.exec(preamble)?.[1]
  return {
    ...emptyStatement(xsa, { kind: 'advisory-text', reference }),
    revision: version?.padStart(4, '0'),
    title: titleIn(preamble),
    cves: cvesIn(`${header[1] ?? ''} ${header[3] ?? ''}`),
    impacts: impactsIn(section('IMPACT') ?? ''),
    embargo: embargoIn(text, preamble, sections),
    permission: permissionIn(section('DEPLOYMENT DURING EMBARGO')),
    sections,
  }
}

export function looksLikeAdvisoryText(text: string): boolean {
  return HEADER.test(unquoted(text))
}

/** Mail quotes and the dashes that PGP puts before lines of dashes are taken off. */
function unquoted(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replaceAll(/^(?:> ?)+/gm, '')
    .replaceAll(/^- (?=-)/gm, '')
}

function withoutSignature(text: string): string {
  const end = /^-----BEGIN PGP SIGNATURE-----/m.exec(text)?.index ?? text.length
  return text.slice(0, end)
}

/** A title has a few lines. What is longer is none, and would keep the expressions below busy. */
const LONGEST_PREAMBLE = 4_000

/** A heading is a line in capitals that is underlined by `=`. */
function splitSections(body: string): { preamble: string; sections: readonly AdvisorySection[] } {
  const headings = [...body.matchAll(/^([A-Z][^\n]*\S)[ \t]*\n={3,}[ \t]*$/gm)]
  const sections = headings.map((match, index) => ({
    heading: match[1] ?? '',
    text: body.slice(match.index + match[0].length, headings[index + 1]?.index).trim(),
  }))
  return { preamble: body.slice(0, headings[0]?.index).slice(0, LONGEST_PREAMBLE), sections }
}

function titleIn(preamble: string): string | undefined {
  const title = preamble
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => !/^(?:version \d+|\*\*\*.*\*\*\*)$/i.test(line))
    .join(' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
  return title === '' ? undefined : title
}

const EMBARGOED_UNTIL = /\*\*\*[ \t]*EMBARGOED UNTIL ([^*\n]{1,80})\*\*\*/i
/** Said of a text that is out: by its first public version, or because it was never embargoed. */
const PUBLIC = /^[ \t]*Public release\.|\b(?:is|was|were|are) (?:already |now )?public(?:ly)?\b/im
const LONGEST_MAIL_HEADER = 64 * 1024
/** Lists that anybody can read. */
const PUBLIC_LIST = /^(?:To|Cc):(?:[^\n]|\n[ \t])*\b(?:oss-security|xen-announce)@/im

/**
 * Whether the text says that it is embargoed, or public. Undefined where it says neither; a version
 * that only adds a CVE's name is such a one.
 */
function embargoIn(
  whole: string,
  preamble: string,
  sections: readonly AdvisorySection[],
): Embargo | undefined {
  // In capitals it is a banner, whatever stands around it.
  if (preamble.includes('EMBARGOED')) {
    const read = parseInstant(EMBARGOED_UNTIL.exec(preamble)?.[1] ?? '')
    return { state: 'P', dates: read.kind === 'instant' ? { A: read.instant } : {} }
  }
  const said = sections.some(
    ({ heading, text }) =>
      /^(?:UPDATES IN|NOTE REGARDING|NOTE CONCERNING)/.test(heading) && PUBLIC.test(text),
  )
  return said || PUBLIC_LIST.test(whole.slice(0, LONGEST_MAIL_HEADER))
    ? { state: 'A', dates: {} }
    : undefined
}

/**
 * The permission as the text gives it.
 *
 * `yes` or `no` where the sentences on deploying patches say one of them and not the other. All
 * that restricts it is quoted with it.
 */
function permissionIn(section: string | undefined): DeploymentPermission | undefined {
  if (section === undefined) return undefined
  const sentences = sentencesOf(
    section.split(/^[ \t]*\(Note:|^Predisclosure list members/m)[0] ?? '',
  )
  const sentence = sentences.join(' ')
  const deploying = sentences.filter((one) => /\bdeploy\w*/i.test(one) && /\bpatch\w*/i.test(one))
  const denied = deploying.filter((one) =>
    /\bnot (?:be )?permitted|\bprohibited|\bforbidden/i.test(one),
  )
  const granted = deploying.filter((one) => !denied.includes(one) && /\bis permitted\b/i.test(one))
  if (sentence === '') return undefined
  if (denied.length > 0 === granted.length > 0) return { permitted: 'unknown', sentence }
  return { permitted: denied.length > 0 ? 'no' : 'yes', sentence }
}
