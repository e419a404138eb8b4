import { xsaName } from '../advisory/advisory.ts'
import type { TestFinding } from '../advisory/condition.ts'
import type { Exposure } from '../advisory/exposure.ts'
import type { ExposureGroup } from '../fleet/exposure-groups.ts'
import type { ExposureCounts } from '../fleet/fleet-exposure.ts'
import { printable } from '../hotfix/fix-problem.ts'

/** The exposure to one advisory, as far as the reader may see it. */
export type ExposureReport =
  /** What may be said of an embargoed advisory, and nothing of whom it hits. */
  | { readonly kind: 'embargoed'; readonly xsa: number; readonly clock: string }
  | {
      readonly kind: 'whole'
      readonly title: string
      readonly embargoed: boolean
      /** False where the operator's policy does not count what it allows. */
      readonly counts: boolean
      readonly hosts: ExposureCounts
      /** Undefined where the reasons were not asked for. */
      readonly groups: readonly ExposureGroup[] | undefined
    }

/** Hosts that are named one by one; of more, the first ones. */
const NAMED_HOSTS = 8

export function renderExposure(reports: readonly ExposureReport[]): string {
  return reports.map(renderReport).join('\n')
}

function renderReport(report: ExposureReport): string {
  if (report.kind === 'embargoed') return report.clock
  const marks = [
    ...(report.embargoed ? ['EMBARGOED'] : []),
    ...(report.counts ? [] : ['does not count by policy']),
  ]
  const head =
    `${xsaName(report.hosts.xsa)}  ${describeCounts(report.hosts)}` +
    `  ${printable(report.title)}${marks.length > 0 ? `  [${marks.join('; ')}]` : ''}`
  return [head, ...(report.groups ?? []).map(renderGroup)].join('\n')
}

/** `2 open (1 fixed on disk only), 3 fixed, 1 unknown, 4 not affected`, without what is nought. */
export function describeCounts({ verdicts, open, maybeOpen }: ExposureCounts): string {
  const onDiskOnly = open - verdicts.affected
  const detail = onDiskOnly > 0 ? ` (${onDiskOnly} fixed on disk only)` : ''
  const closed = verdicts.fixed - onDiskOnly - (maybeOpen - verdicts.unknown)
  const parts = [
    ...(open > 0 ? [`${open} open${detail}`] : []),
    ...(maybeOpen > 0 ? [`${maybeOpen} unknown`] : []),
    ...(closed > 0 ? [`${closed} fixed`] : []),
    ...(verdicts['not-affected'] > 0 ? [`${verdicts['not-affected']} not affected`] : []),
  ]
  return parts.length > 0 ? parts.join(', ') : 'no hosts'
}

function renderGroup({ exposure, hosts }: ExposureGroup): string {
  const names = hosts.slice(0, NAMED_HOSTS).map(({ name }) => printable(name))
  const more = hosts.length > NAMED_HOSTS ? [`${hosts.length - NAMED_HOSTS} more`] : []
  const head = `  ${describeVerdict(exposure)}: ${[...names, ...more].join(', ')}`
  return [head, ...exposure.because.map((finding) => `      ${describeFinding(finding)}`)].join(
    '\n',
  )
}

export function describeVerdict(exposure: Exposure): string {
  switch (exposure.verdict) {
    case 'affected':
      return exposure.disk === 'false'
        ? 'affected'
        : 'affected (whether the fix is on disk is not known)'
    case 'not-affected':
      return 'not affected'
    case 'fixed':
      return describeFixed(exposure)
    case 'unknown':
      return `unknown (missing: ${exposure.missing.join(', ')})`
  }
}

function describeFixed({ memory, disk }: Extract<Exposure, { verdict: 'fixed' }>): string {
  if (memory === 'true') {
    if (disk === 'true') return 'fixed in memory and on disk'
    return disk === 'false'
      ? 'fixed in memory only; a reboot undoes it'
      : 'fixed in memory; whether on disk is not known'
  }
  return memory === 'false'
    ? 'fixed on disk only; open until the host boots'
    : 'fixed on disk; whether in memory is not known'
}

function describeFinding({ test, truth, found, source }: TestFinding): string {
  const value = found === undefined ? 'not known' : printable(found)
  const answer = { true: 'yes', false: 'no', unknown: 'unknown' }[truth]
  return `${printable(test)}: ${answer} (${value}). ${printable(source)}`
}
