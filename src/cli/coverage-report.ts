import { xsaName } from '../advisory/advisory.ts'
import type { Coverage, HostCoverage, WayCoverage } from '../fleet/coverage.ts'
import { describeReason, WAYS, type WayName } from '../fleet/way.ts'
import { printable } from '../hotfix/fix-problem.ts'

/** The coverage of one advisory, as far as the reader may see it. */
export type CoverageReport =
  | { readonly kind: 'embargoed'; readonly xsa: number; readonly clock: string }
  | {
      readonly kind: 'whole'
      readonly xsa: number
      readonly title: string
      /** False where the operator's policy does not count what it allows. */
      readonly counts: boolean
      /** Whether a fix may go onto hosts now, in a sentence. */
      readonly deployment: string
      /** Hosts of which it is not known whether the hole is open; not among those covered. */
      readonly maybeOpen: number
      readonly coverage: Coverage
    }

/** Of more hosts only the sums are printed; `--json` has them all. */
const LISTED_HOSTS = 12
const LISTED_IMPROVEMENTS = 5

export function renderCoverage(report: CoverageReport): string {
  if (report.kind === 'embargoed') return report.clock
  const { coverage, maybeOpen } = report
  const lines = [
    `${xsaName(report.xsa)}  ${printable(report.title)}`,
    report.deployment,
    ...(report.counts ? [] : ['The policy does not count what this advisory allows.']),
    `${hosts(coverage.exposed)} exposed` +
      (maybeOpen > 0 ? `; of ${hosts(maybeOpen)} more it is not known` : ''),
  ]
  if (coverage.exposed === 0) return lines.join('\n')
  return [
    ...lines,
    '',
    row(['', 'hosts', 'share', 'guest-minutes of outage']),
    row(['hot', ...cells(coverage.hot)]),
    row(['cold', ...cells(coverage.cold)]),
    '',
    ...WAYS.map((way) => row([way, ...cells(coverage.ways[way])])),
    ...shutLines(coverage),
    ...improvementLines(coverage),
    ...hostLines(coverage.hosts),
  ].join('\n')
}

function row([name = '', count = '', share = '', minutes = '']: readonly string[]): string {
  return `${name.padEnd(20)}${count.padStart(8)}${share.padStart(10)}  ${minutes}`.trimEnd()
}

function cells({ hosts: count, share, guestMinutes, unpriced }: WayCoverage): readonly string[] {
  const more = unpriced > 0 ? `, and ${hosts(unpriced)} whose guests are not known` : ''
  return [String(count), `${share} %`, `${guestMinutes.toFixed(1)}${more}`]
}

function shutLines({ shut }: Coverage): readonly string[] {
  if (shut.length === 0) return []
  const lines = shut.map(
    ({ way, why, hosts: count }) => `  ${way.padEnd(20)}${hosts(count)}: ${printable(why)}`,
  )
  return ['', 'Why a way is shut', ...lines]
}

function improvementLines({ improvements }: Coverage): readonly string[] {
  if (improvements.length === 0) return []
  const lines = improvements
    .slice(0, LISTED_IMPROVEMENTS)
    .map(({ sentence }) => `  ${printable(sentence)}`)
  return ['', 'What would cover more hosts hot', ...lines]
}

function hostLines(covered: readonly HostCoverage[]): readonly string[] {
  if (covered.length > LISTED_HOSTS) return []
  return ['', ...covered.flatMap(hostBlock)]
}

function hostBlock({ name, ways }: HostCoverage): readonly string[] {
  return [
    printable(name),
    ...ways.map(({ way, open, reasons }) => `  ${way.padEnd(20)}${openness(way, open, reasons)}`),
  ]
}

function openness(
  way: WayName,
  open: 'yes' | 'no' | 'unknown',
  reasons: HostCoverage['ways'][number]['reasons'],
): string {
  if (open === 'yes') return way === 'cold-reboot' ? 'open, with the guests down' : 'open'
  const why = reasons.map((reason) => printable(describeReason(reason))).join('; ')
  return `${open === 'no' ? 'shut' : 'unknown'}: ${why}`
}

function hosts(count: number): string {
  return count === 1 ? '1 host' : `${count} hosts`
}
