import type { Advisory } from './advisory.ts'
import { xsaName } from './advisory.ts'
import { assessHost } from './assess-host.ts'
import type { TestFinding } from './condition.ts'
import type { Exposure } from './exposure.ts'
import type { BuildCatalogue } from './fix-presence.ts'
import type { HostFacts } from './host-facts.ts'
import { compareXenVersions, parseXenVersion } from './xen-version.ts'

/** What the page is made from. Public advisories alone: the page is for everybody. */
export interface ExposurePageInput {
  readonly advisories: readonly Advisory[]
  readonly facts: HostFacts
  readonly catalogue: BuildCatalogue
  /** Xen's stable branch whose fixes are listed: `4.17`. */
  readonly branch: string
}

/** The rows of the table: one advisory each, by number, with the answer for one host. */
export function renderExposureTable(input: ExposurePageInput): string {
  const rows = [...input.advisories]
    .sort((a, b) => a.xsa - b.xsa)
    .map((advisory) => rowOf(advisory, input))
  const head = ['Advisory', 'What it is', 'Here', 'What decides it', `Fixed on ${input.branch}`]
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)),
  )
  const rule = widths.map((width) => '-'.repeat(width))
  return [head, rule, ...rows]
    .map((row) => `| ${row.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ')} |`)
    .join('\n')
}

function rowOf(advisory: Advisory, { facts, catalogue, branch }: ExposurePageInput): string[] {
  const policy = { denialOfServiceCounts: true }
  const exposure = assessHost(advisory, facts, { catalogue, policy })
  return [
    xsaName(advisory.xsa),
    cell(advisory.title ?? 'not known'),
    verdictInWords(exposure),
    cell(reasonOf(exposure)),
    fixOn(advisory, branch),
  ]
}

function verdictInWords(exposure: Exposure): string {
  switch (exposure.verdict) {
    case 'affected':
      return '**affected**'
    case 'not-affected':
      return 'not affected'
    case 'unknown':
      return 'unknown'
    case 'fixed':
      if (exposure.memory === 'true') return 'fixed'
      return '**open until it boots from disk**'
  }
}

/** The findings that tell this host from others, without those that most hosts have in common. */
function reasonOf(exposure: Exposure): string {
  const ofFix = exposure.because.filter(isOfFix)
  const ofHost = exposure.because.filter((finding) => !isOfFix(finding))
  switch (exposure.verdict) {
    case 'not-affected':
    case 'unknown':
      return ofHost.map(inWords).join('; ')
    case 'affected': {
      const telling = ofHost.filter(({ fact }) => fact !== 'architecture' && fact !== 'xenVersion')
      const reasons = (telling.length > 0 ? telling : ofHost).map(inWords)
      return ['the build lacks the fix', ...reasons].join('; ')
    }
    case 'fixed':
      return ofFix
        .filter(({ truth }) => truth === 'true')
        .slice(0, 1)
        .map(({ found }) => `has the fix: ${found ?? ''}`)
        .join('')
  }
}

function isOfFix({ test, fact }: TestFinding): boolean {
  return fact === 'memoryFixes' || test.includes(' the fix of XSA-')
}

function inWords({ test, truth, found, source }: TestFinding): string {
  if (truth === 'unknown') return source
  return found === undefined || found === 'present' || found === 'absent'
    ? `${test}: ${truth === 'true' ? 'yes' : 'no'}`
    : `${test}: ${truth === 'true' ? 'yes' : 'no'}, ${found}`
}

function fixOn({ component, fixedIn }: Advisory, branch: string): string {
  const entry = fixedIn.find((fix) => fix.branch === branch)
  if (fixedIn.some(({ since }) => since === 'never')) return 'no version'
  const ofXen = component === 'hypervisor' || component === 'toolstack'
  if (entry?.since === undefined)
    return ofXen && isInAllOf(fixedIn, branch) ? 'since its beginning' : '–'
  const commit = entry.commits.at(-1)
  return commit === undefined ? entry.since : `${entry.since} (${commit.slice(0, 12)})`
}

/** Whether master had the fix before the branch began. */
function isInAllOf(fixedIn: Advisory['fixedIn'], branch: string): boolean {
  const since = fixedIn.find((fix) => fix.branch === 'master')?.since
  const [first, begin] = [since, branch].map((text) => parseXenVersion(text ?? ''))
  if (first === undefined || begin === undefined) return false
  const order = compareXenVersions(first, begin)
  return order !== undefined && order <= 0
}

/** Text in a cell of a table: a bar would end it, a star or an underscore could format it. */
function cell(text: string): string {
  return text.replaceAll(/[|*_<>[\]`\\]/g, (mark) => `\\${mark}`)
}
